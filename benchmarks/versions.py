"""Versions of Tradepost to compare: checkouts whose own code fills and serves a shop."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.designs import PATH, PRICE, PRODUCTS, STOCK
from benchmarks.generator import apply_load
from benchmarks.load import LoadResult, Request
from benchmarks.servers import ROOT, BenchmarkError, ServerProcess, free_port, run, serve
from benchmarks.tradepost import DETAILS, SCOPES
from tests.__main__ import SETTINGS

BODY = f'{{"product_id": {{id}}, "quantity": 1, {DETAILS}}}'
HISTORY_SECONDS = 5
"""How long 64 connections place orders before the first run, so that there are some to read."""


@contextmanager
def checkout(source: str) -> Iterator[Path]:
    """Yield a directory as it is, or a worktree of a commit, which is removed after the block.

    Raises BenchmarkError if there is no such commit.
    """
    if Path(source).is_dir():
        yield Path(source).resolve()
        return
    with tempfile.TemporaryDirectory(prefix="tradepost-version-") as directory:
        path = Path(directory) / "tree"
        _git("worktree", "add", "--detach", str(path), source)
        try:
            yield path
        finally:
            _git("worktree", "remove", "--force", str(path))


def place(secret: str) -> Request:
    """Place an order of one line."""
    headers = {
        "Authorization": f"Bearer {secret}",
        "Accept": "application/json",
        "Content-Type": "application/json",
        "Idempotency-Key": "{key}",
    }
    return Request("POST", PATH, headers, BODY, ids=PRODUCTS)


class Version:
    """A checkout. Its code runs with the packages of this interpreter."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def prepare(self, url: str) -> str:
        """Fill a shop with products and some thousand orders. Return the secret of a key."""
        self.manage(url, "migrate", "--verbosity=0")
        with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
            file.write("sku,name,price,stock_quantity\n")
            file.writelines(f"P-{n},Product {n},{PRICE},{STOCK}\n" for n in range(1, PRODUCTS + 1))
            file.flush()
            self.manage(url, "import_products", file.name)
        scopes = [f"--scope={scope}" for scope in SCOPES]
        secret = self.manage(url, "createkey", "shop", *scopes).strip()
        with self.serve(url) as server:
            load(server, place(secret), seconds=HISTORY_SECONDS, connections=64, seed=0)
        return secret

    @contextmanager
    def serve(self, url: str) -> Iterator[ServerProcess]:
        """Serve a shop with one worker."""
        port = free_port()
        command = [sys.executable, "manage.py", "serve", f"--port={port}", "--workers=1"]
        env = SETTINGS | {"DATABASE_URL": url}
        with serve(command, port=port, env=env, ready="/readyz", cwd=self._path) as server:
            yield server

    def manage(self, url: str, *arguments: str) -> str:
        """Run a command of manage.py and return its output. Raises BenchmarkError if it fails."""
        return self.python(url, "manage.py", *arguments, "--skip-checks")

    def python(self, url: str, *arguments: str) -> str:
        """Run Python in the checkout and return its output. Raises BenchmarkError if it fails."""
        command = [sys.executable, *arguments]
        return run(command, env=SETTINGS | {"DATABASE_URL": url}, cwd=self._path)


def load(
    server: ServerProcess, request: Request, *, seconds: float, connections: int, seed: int
) -> LoadResult:
    """Load a server. Raises BenchmarkError if a request fails."""
    result = apply_load(server.port, request, connections=connections, seconds=seconds, seed=seed)
    if any(result.errors.values()):
        raise BenchmarkError(f"{request.path}: {result.errors}\n{server.log}")
    return result


def _git(*arguments: str) -> None:
    done = subprocess.run(
        ["git", *arguments],  # noqa: S607 - whichever git is on the path
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BenchmarkError(f"git {' '.join(arguments)} failed:\n{done.stderr}")
