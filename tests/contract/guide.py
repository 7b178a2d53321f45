"""The guides to generated clients, whose programs and commands the tests run."""

import json
import re
import shutil
from contextlib import nullcontext
from pathlib import Path

from tests.__main__ import ROOT
from tests.contract.conftest import Shops, losing_the_first_order
from tests.starting.copies import Directory

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"Let `([\w.-]+)` be:\n\n\Z")
_INSTALLS = ("npm ", "pip ")


class Guide:
    """A page of `docs/how-to/`, followed in a directory.

    generate: the command that generates the client. check: the one that checks the types.
    run: the one that runs the program. output: what the program prints.
    """

    def __init__(self, page: str, path: Path, **environment: str) -> None:
        """Write the files of the page, and the OpenAPI document."""
        text = (ROOT / "docs" / "how-to" / page).read_text()
        self.directory = Directory(path, **environment)
        shutil.copy(ROOT / "docs" / "reference" / "openapi.yaml", path)
        commands: list[str] = []
        for block in _BLOCK.finditer(text):
            kind, content = block.groups()
            if named := _FILE.search(text[: block.start()]):
                (path / named[1]).write_text(content)
            elif kind == "text":
                self.output = content
            elif not content.startswith(_INSTALLS):
                commands += content.replace("\\\n", "").splitlines()
        self.generate, self.check, self.run = commands

    def check_with_misspelt_fields(self, name: str) -> list[str]:
        """What the check of types says: the lines with errors, without places in the file.

        One field is written, the other is read. name: the program's file.
        """
        text, wrong = (self.directory.path / name).read_text(), f"wrong{Path(name).suffix}"
        for field, misspelt in (
            ("customer_email", "customer_mail"),
            ("canceled.status", "canceled.state"),
        ):
            assert text.count(field) == 1
            text = text.replace(field, misspelt)
        (self.directory.path / wrong).write_text(text)
        report = self.directory.run(self.check.replace(name, wrong), fails=True)
        return re.findall(r"error\b.*?: (.*)", report)

    def output_after(self, failure: str) -> str:
        """What the program prints if the answer to its first order gets lost."""
        imported, order, replayed, *others = self.output.splitlines(keepends=True)
        assert replayed == "replayed: false true\n"
        lines = [imported, f"no answer: {failure}\n", order, "replayed: true true\n", *others]
        return "".join(lines)

    def run_in(self, shops: Shops, *, loses_an_answer: bool = False) -> str:
        """Run the program in an empty shop, and return what it printed.

        loses_an_answer: whether the answer to the first order gets lost. In any case the shop then
        has one order.
        """
        through = losing_the_first_order if loses_an_answer else nullcontext
        with shops() as server:
            with through(server.port) as port:
                settings = f"TRADEPOST_URL=http://127.0.0.1:{port} TRADEPOST_KEY={server.secret}"
                printed = self.directory.run(f"{settings} {self.run}")
            status, orders = server.send("GET", "/api/v1/orders/")
        assert status == 200
        assert [order["id"] for order in json.loads(orders)["results"]] == [1]
        return printed
