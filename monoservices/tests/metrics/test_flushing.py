"""While the front lives, what was counted is written again and again; and once more at its end."""

import asyncio
from collections.abc import Sequence

import pytest

from monoservices.metrics import Counter, prometheus
from monoservices.metrics.declaring import Metric
from monoservices.server import worker
from monoservices.server.asgi import Message
from monoservices.server.front import Front
from monoservices.tests.server.steps import A_LONG_TIME
from tests.asgi import new_django

NAME = "test_flushed_total"


@pytest.mark.django_db
@pytest.mark.parametrize("seconds", [0.0, A_LONG_TIME], ids=["meanwhile", "at the end"])
def test_what_was_counted_is_written(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    written: list[Sequence[float]] = []
    seen = asyncio.Event()

    def write(metric: Metric, labels: tuple[str, ...], values: Sequence[float]) -> None:
        if metric.name == NAME and values:
            written.append(values)
            seen.set()

    async def live() -> None:
        life: asyncio.Queue[Message] = asyncio.Queue()
        sent: asyncio.Queue[Message] = asyncio.Queue()
        lifespan = asyncio.create_task(
            Front(new_django())({"type": "lifespan"}, life.get, sent.put)
        )
        await life.put({"type": "lifespan.startup"})
        assert await sent.get() == {"type": "lifespan.startup.complete"}
        Counter(NAME, "Flushed.").of().add(3)
        if not seconds:
            await seen.wait()
        assert written == ([] if seconds else [[3]])
        await life.put({"type": "lifespan.shutdown"})
        assert await sent.get() == {"type": "lifespan.shutdown.complete"}
        await lifespan

    monkeypatch.setattr(prometheus, "write", write)
    monkeypatch.setattr(worker, "FLUSH_SECONDS", seconds)
    asyncio.run(asyncio.wait_for(live(), A_LONG_TIME))
    assert written == [[3]]
