"""Send the same requests down both lanes of the ASGI front."""

from typing import Any

from monoservices.server.asgi import Scope
from monoservices.server.django_lane import DjangoLane
from tests.asgi import Reply, call, messages_of, new_django, reply_of, serving


async def on_both(
    express: list[tuple[Scope, bytes]], django: list[tuple[Scope, bytes]]
) -> list[tuple[Reply, Reply, str]]:
    """The answers of both lanes to each request, and which lane the front has chosen."""
    application = new_django()
    lane = DjangoLane(application)
    pairs = []
    async with serving(application) as front:
        for ours, theirs in zip(express, django, strict=True):
            application.asked.clear()
            fast = await call(front, *ours)
            chosen = "django" if application.asked else "express"
            pairs.append((fast, await by_django(lane, *theirs), chosen))
    await lane.drain()
    return pairs


async def by_django(lane: DjangoLane, scope: Scope, body: bytes) -> Reply:
    async def application(scope: Scope, _: Any, send: Any) -> None:
        await lane.respond(scope, body, send)

    return reply_of(await messages_of(application, scope))
