"""Run wrk with load.lua."""

import json
import re
import signal
import subprocess
from pathlib import Path

from benchmarks.load import CUSTOMERS, DRAIN_SECONDS, LoadResult, Request, first_number
from benchmarks.servers import BenchmarkError

WRK = "wrk"
SCRIPT = Path(__file__).with_name("load.lua")


def wrk_version() -> str:
    shown = subprocess.run([WRK, "-v"], capture_output=True, text=True, check=False).stdout
    return shown.split(" Copyright")[0]


def apply_wrk(
    port: int, request: Request, *, connections: int, seconds: float, seed: int
) -> LoadResult:
    """Run wrk with one thread, because it shares the processors with the server."""
    arguments = {
        "seconds": seconds,
        "connections": connections,
        "first": request.first,
        "step": request.step,
        "ids": request.ids,
        "texts": "|".join(request.texts),
        "customers": CUSTOMERS,
        "number": first_number(),
        "seed": seed,
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
            output = _read_output(process)
        finally:
            process.kill()
    return parse_wrk(output, connections=connections, seconds=seconds)


def _read_output(process: "subprocess.Popen[str]") -> str:
    """Read what wrk prints, and stop it as soon as no response is outstanding."""
    lines = []
    for line in process.stdout or ():
        lines.append(line)
        if line == "drained\n":
            process.send_signal(signal.SIGINT)
    return "".join(lines)


def parse_wrk(output: str, *, connections: int, seconds: float) -> LoadResult:
    """Read the line that `done` in load.lua prints. Raises BenchmarkError if it is missing."""
    match = re.search(r"^result (\{.*\})$", output, re.MULTILINE)
    if match is None:
        raise BenchmarkError(f"wrk failed:\n{output}")
    result = json.loads(match[1])
    # After a broken connection wrk sends again, even when the load is over. load.lua then sends a
    # stray request, to which every server responds 404.
    strays = result["strays"]
    rejected = result["status"] - strays
    acknowledged = result["answers"] - result["status"]
    unanswered = max(0, connections - result["late"])
    return LoadResult(
        generator=WRK,
        seconds=seconds,
        completed=acknowledged - (result["late"] - strays),
        acknowledged=acknowledged,
        errors={
            "connect": result["connect"],
            "read": result["read"],
            "write": result["write"],
            "timeout": result["timeout"] + unanswered,
            "status": rejected,
        },
        p50_ms=result["p50_us"] / 1000,
        p99_ms=result["p99_us"] / 1000,
    )
