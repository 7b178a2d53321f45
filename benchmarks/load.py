"""Load on an HTTP server: a closed loop of connections, by wrk, and by Python where it is missing.

A request is a template, in which `{key}` becomes unique, each `{id}` another random id and each
`{text}` one of several texts. Requests are sent for a number of seconds; then nothing new is sent,
and what is in flight is answered. Therefore what was acknowledged can be compared exactly with what
is stored.
"""

import json
import re
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.servers import BenchmarkError

SCRIPT = Path(__file__).with_name("load.lua")
DRAIN_SECONDS = 20
WRK = "wrk"
PYTHON = "Python"


@dataclass(frozen=True)
class Request:
    """What to send. `{key}`, `{id}` and `{text}` may be anywhere but in the method.

    first, ids: ids are drawn from `ids` of them, beginning with `first`; within one request, no id
    is drawn twice.
    texts: what `{text}` becomes, one of them at random, each time; without `|`.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    first: int = 1
    ids: int = 1
    texts: Sequence[str] = ()

    @property
    def head(self) -> str:
        """The request's text up to where its Content-Length belongs."""
        headers = {"Host": "localhost", **self.headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"{self.method} {self.path} HTTP/1.1\r\n{lines}"


@dataclass(frozen=True)
class LoadResult:
    """What came of a load.

    completed: answers below 400 within `seconds`. acknowledged: those and the ones of requests
    that were in flight when the seconds were over. errors: by kind: connect, read, write, timeout
    (no answer at all) and status (400 and above). Latencies are of all answers.
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
        """Completed per second."""
        return self.completed / self.seconds

    @property
    def unknown(self) -> int:
        """Requests that may or may not have been carried out."""
        return sum(
            count for kind, count in self.errors.items() if kind not in {"connect", "status"}
        )


def apply_load(
    port: int, request: Request, *, connections: int, seconds: float, seed: int
) -> LoadResult:
    """Load the server on 127.0.0.1. Raises BenchmarkError where that cannot be done."""
    if shutil.which(WRK):
        return _wrk(port, request, connections=connections, seconds=seconds, seed=seed)
    from benchmarks.python_load import apply_python_load

    return apply_python_load(port, request, connections=connections, seconds=seconds, seed=seed)


def generator_version() -> str:
    """Which generator is used here, with its version."""
    if not shutil.which(WRK):
        return PYTHON
    said = subprocess.run([WRK, "-v"], capture_output=True, text=True, check=False).stdout
    return said.split(" Copyright")[0]


def _wrk(port: int, request: Request, *, connections: int, seconds: float, seed: int) -> LoadResult:
    """Run wrk with one thread: it shares the processors with what it measures."""
    arguments = {
        "seconds": seconds,
        "connections": connections,
        "first": request.first,
        "ids": request.ids,
        "texts": "|".join(request.texts),
        "seed": seed,
        "key": f"{secrets.token_hex(8)}-",
        "head": request.head,
        "body": request.body,
    }
    longest = int(seconds) + DRAIN_SECONDS
    command = [WRK, "-t1", f"-c{connections}", f"-d{longest}", f"--timeout={longest}"]
    command += ["-s", str(SCRIPT), f"http://127.0.0.1:{port}", "--"]
    command += [f"{name}={value}" for name, value in arguments.items()]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            output = _output(process)
        finally:
            process.kill()
    return parse_wrk(output, connections=connections, seconds=seconds)


def _output(process: "subprocess.Popen[str]") -> str:
    """What wrk prints; it is told to end as soon as nothing is in flight any more."""
    lines = []
    for line in process.stdout or ():
        lines.append(line)
        if line == "drained\n":
            process.send_signal(signal.SIGINT)
    return "".join(lines)


def parse_wrk(output: str, *, connections: int, seconds: float) -> LoadResult:
    """Read what the `done` function of load.lua has printed. Raises BenchmarkError without it."""
    match = re.search(r"^result (\{.*\})$", output, re.MULTILINE)
    if match is None:
        raise BenchmarkError(f"wrk failed:\n{output}")
    said = json.loads(match[1])
    strays = said["strays"]  # they are no requests of ours; every server answers them with 404
    refused = said["status"] - strays
    acknowledged = said["answers"] - said["status"]
    unanswered = max(0, connections - said["late"])
    return LoadResult(
        generator=WRK,
        seconds=seconds,
        completed=acknowledged - (said["late"] - strays),
        acknowledged=acknowledged,
        errors={
            "connect": said["connect"],
            "read": said["read"],
            "write": said["write"],
            "timeout": said["timeout"] + unanswered,
            "status": refused,
        },
        p50_ms=said["p50_us"] / 1000,
        p99_ms=said["p99_us"] / 1000,
    )
