"""A response that is sent in one piece, whatever sends it."""

from collections.abc import Mapping
from typing import Self

import msgspec
from msgspec import Struct

from monoservices.api.problems import CONTENT_TYPE, Problem


class WholeResponse(Struct, frozen=True):
    """A response. Without a body, `content_type` is not sent."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = {}

    @classmethod
    def from_problem(cls, problem: Problem) -> Self:
        """The response to a request that failed with `problem`."""
        body = msgspec.json.encode(problem.document())
        return cls(problem.status, body, CONTENT_TYPE, problem.headers)
