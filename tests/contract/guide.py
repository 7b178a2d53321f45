"""`docs/how-to/generate-a-client.md`, whose programs and commands the tests run."""

import json
import re
import shutil
from pathlib import Path

from tests.__main__ import ROOT
from tests.contract.conftest import Shops, losing_the_first_order
from tests.starting.copies import Directory

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"Let `([\w.-]+)` be:\n\n\Z")
_INSTALLS = ("npm ", "pip ")


class Guide:
    """The part of the guide for one language, followed in a directory.

    generate: the command that generates the client. check: the one that checks the types.
    run: the one that runs the program. output: what the program prints.
    """

    def __init__(self, heading: str, path: Path, **environment: str) -> None:
        """Write the files of that part, and the OpenAPI document."""
        text = (ROOT / "docs" / "how-to" / "generate-a-client.md").read_text()
        part = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
        self.directory = Directory(path, **environment)
        shutil.copy(ROOT / "docs" / "reference" / "openapi.yaml", path)
        commands = []
        for block in _BLOCK.finditer(part):
            kind, content = block.groups()
            if named := _FILE.search(part[: block.start()]):
                (path / named[1]).write_text(content)
            elif kind == "text":
                self.output = content
            elif not content.startswith(_INSTALLS):
                commands += content.replace("\\\n", "").splitlines()
        self.generate, self.check, self.run = commands

    def change(self, name: str, *changes: tuple[str, str]) -> None:
        """Replace texts that occur once in a file."""
        file = self.directory.path / name
        text = file.read_text()
        for before, after in changes:
            assert text.count(before) == 1, before
            text = text.replace(before, after)
        file.write_text(text)

    def run_in(self, shops: Shops, *, loses_an_answer: bool = False) -> str:
        """Run the program in an empty shop, and return what it printed.

        loses_an_answer: whether the answer to the first order gets lost. In any case the shop then
        has one order.
        """
        with shops() as server:
            program = self._run_at
            if loses_an_answer:
                with losing_the_first_order(server.port) as port:
                    printed = program(port, server.secret)
            else:
                printed = program(server.port, server.secret)
            status, orders = server.send("GET", "/api/v1/orders/")
        assert status == 200
        assert [order["id"] for order in json.loads(orders)["results"]] == [1]
        return printed

    def _run_at(self, port: int, secret: str) -> str:
        url = f"TRADEPOST_URL=http://127.0.0.1:{port}"
        return self.directory.run(f"{url} TRADEPOST_KEY={secret} {self.run}")
