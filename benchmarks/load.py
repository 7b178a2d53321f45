"""What a load on a server is, and what came of it.

A request is a template with placeholders:

- `{key}`: a random UUID, as clients send for an idempotency key;
- `{id}`: a random id, another one for each `{id}` of the request;
- `{text}`: one of several texts;
- `{customer}`: the number of a random customer;
- `{number}`: a number that grows by one with each request, like the order numbers of a shop.

A generator sends requests for a number of seconds. Then it sends nothing new
and waits for the outstanding responses, so the acknowledged requests can be compared exactly with
what is stored.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

DRAIN_SECONDS = 20
"""How long a generator waits for outstanding responses."""

CUSTOMERS = 100_000


@dataclass(frozen=True)
class Request:
    """A template. The placeholders may appear anywhere but in the method.

    first, step, ids: `{id}` is drawn from `ids` numbers, `step` apart, starting at `first`, without
        repetition within a request.
    texts: `{text}` is drawn from these. They must not contain `|`.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    first: int = 1
    step: int = 1
    ids: int = 1
    texts: Sequence[str] = ()

    @property
    def head(self) -> str:
        """The request line and headers, without Content-Length and the final blank line."""
        headers = {"Host": "localhost", **self.headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"{self.method} {self.path} HTTP/1.1\r\n{lines}"


@dataclass(frozen=True)
class LoadResult:
    """The result of a load.

    completed: responses below 400 within `seconds`.
    acknowledged: all responses below 400, including those that arrived after `seconds`.
    errors: counts by kind: connect, read, write, timeout (no response) and status (400 and above).
    p50_ms, p99_ms: latencies of all responses.
    """

    generator: str
    seconds: float
    completed: int
    acknowledged: int
    errors: dict[str, int]
    p50_ms: float
    p99_ms: float

    @property
    def rate(self) -> float:
        """Completed requests per second."""
        return self.completed / self.seconds

    @property
    def unknown(self) -> int:
        """How many requests the server may or may not have carried out."""
        return sum(
            count for kind, count in self.errors.items() if kind not in {"connect", "status"}
        )


def first_number() -> int:
    """Where `{number}` starts: later loads have higher numbers, and no two loads share them."""
    return int(time.time() * 1000) * 100
