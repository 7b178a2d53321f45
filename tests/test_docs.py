"""The documents are right about commands, settings, scopes and errors, and their examples run."""

import doctest
import json
import re
import shlex
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command, get_commands, load_command_class
from django.core.management.base import BaseCommand

from config.demo import SECRETS
from conftest import Api
from monoservices.api.problems import problem_kinds
from monoservices.services.config import services
from tests.shop import SHOP

ROOT = Path(__file__).resolve().parent.parent
API_PAGES = (
    "index",
    "products",
    "stock",
    "orders",
    "idempotency",
    "order-changes",
    "payments",
    "shipments",
    "returns",
    "lists",
    "files",
    "errors",
)
"""In the order of their story."""
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def read(name: str) -> str:
    return (ROOT / name).read_text()


def table(document: str, heading: str) -> list[list[str]]:
    """The cells of the rows of the first table below a heading."""
    section = document.split(f"\n{heading}\n", maxsplit=1)[1]
    _, _, *rows = re.findall(r"^\|(.*)\|$", section.split("\n## ")[0], re.MULTILINE)
    return [[cell.strip().strip("`") for cell in row.split("|")] for row in rows]


# Commands and settings


def own_commands() -> list[tuple[str, BaseCommand]]:
    own = ("apps.", "monoservices")
    return [
        (name, load_command_class(app, name))
        for name, app in sorted(get_commands().items())
        if app.startswith(own)
    ]


def test_every_command_and_each_of_its_options_is_documented() -> None:
    text = read("docs/reference/commands.md")
    of_django = BaseCommand().create_parser("", "")._option_string_actions
    missing = []
    for name, command in own_commands():
        section = re.search(rf"^### `{name}\b.*?(?=^##|\Z)", text, re.MULTILINE | re.DOTALL)
        options = command.create_parser("", name)._option_string_actions.keys() - of_django.keys()
        said = section[0] if section else ""
        missing += (
            [name] if not said else [f"{name} {each}" for each in options if each not in said]
        )
    assert missing == []


def test_no_command_is_documented_that_does_not_exist() -> None:
    documented = re.findall(r"^### `(\w+)", read("docs/reference/commands.md"), re.MULTILINE)
    assert sorted(documented) == [name for name, _ in own_commands()]


def test_every_setting_is_documented() -> None:
    read_by_django = re.findall(r'\benv\.\w+\(\s*"(\w+)"', read("config/settings.py"))
    read_by_make = re.findall(r"^(\w+) \?=", read("Makefile"), re.MULTILINE)
    text = read("docs/reference/settings.md")
    django = [row[0] for row in table(text, "## The server")]
    make = [row[0] for row in table(text, "## `make`")]
    assert sorted(django) == sorted(read_by_django)
    assert sorted(make) == sorted({*SECRETS, *read_by_make} - {*django})


# Scopes and errors


def test_scopes_are_documented() -> None:
    documented = {
        row[0]: row[2] == "yes"
        for row in table(read("docs/reference/api/index.md"), "## Keys and scopes")
    }
    scopes = (scope for service in services() if service.label in SHOP for scope in service.scopes)
    assert documented == {each.name: each.granted_by_default for each in scopes}


def test_error_codes_are_documented() -> None:
    documented = [
        (int(row[0]), row[1]) for row in table(read("docs/reference/api/errors.md"), "## Codes")
    ]
    assert sorted(documented) == sorted(
        (kind.status, kind.code) for kind in problem_kinds().values()
    )


@pytest.mark.parametrize(
    ("method", "headers", "code"),
    [
        ("GET", {"authorization": "Bearer x"}, "invalid_key"),
        ("POST", {}, "missing_scope"),
        ("PUT", {}, "method_not_allowed"),
        ("GET", {"accept": "text/html"}, "not_acceptable"),
    ],
)
def test_errors_of_the_framework_have_pages(
    make_api: Callable[..., Api], method: str, headers: dict[str, str], code: str
) -> None:
    api = make_api("products:read")
    problem = api.send(method, "products/", body=b"", **headers).json
    assert problem["code"] == code
    assert api.get(problem["type"]).status == 200


# Promises


def test_the_tests_that_hold_promises_exist() -> None:
    """SECURITY.md and the guides name them as `path::name`, or `path` for all tests of a file."""
    guides = [f"docs/how-to/{name}.md" for name in ("back-up-and-restore", "deploy", "operate")]
    promises = "".join(map(read, ("SECURITY.md", *guides)))
    named = re.findall(r"`([\w/]+/test_\w+\.py)(?:::(\w+))?`", promises)
    assert len(named) == promises.count("/test_") >= 9
    assert [each for each in named if f"def {each[1]}" not in read(each[0])] == []


# Examples


def examples(document: str) -> list[tuple[str, str]]:
    """Each block with a curl command, and the block of the answer that follows it."""
    blocks = BLOCK.findall(document)
    return [
        (command, answer)
        for (_, command), (kind, answer) in pairwise(blocks)
        if command.startswith("curl ") and kind == "http"
    ]


def run_curl(command: str, secret: str) -> Any:
    """Do what a curl command would do; the options that the examples use are known here."""
    words = iter(shlex.split(command.replace("\\\n", "").replace("$KEY", secret))[1:])
    method, url, body, headers = "", "", b"", {"content_type": "application/x-www-form-urlencoded"}
    for word in words:
        match word:
            case "-i":
                pass
            case "-X":
                method = next(words)
            case "-d":
                body = next(words).encode()
            case "-H":
                name, _, value = next(words).partition(": ")
                headers[name.lower().replace("-", "_")] = value
            case _ if word.startswith("http://127.0.0.1:8000/"):
                url = word
            case _:
                pytest.fail(f"unknown to this test: {word}")
    headers["host"] = "127.0.0.1:8000"
    return Api().send(method or ("POST" if body else "GET"), url, body=body, **headers)


def without_chance(body: str) -> Any:
    """JSON without what differs from run to run: times and cursors."""
    body = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "<time>", body)
    return json.loads(re.sub(r'cursor=[^&"]+', "cursor=<cursor>", body))


def check(examples: list[tuple[str, str]], secret: str) -> None:
    for command, expected in examples:
        head, _, body = expected.partition("\n\n")
        status, *headers = head.strip().split("\n")
        answer = run_curl(command, secret)
        assert answer.status == int(status.split()[1]), (command, answer.content)
        for name, value in (header.split(": ", maxsplit=1) for header in headers):
            assert answer.headers[name] == value, command
        if body:
            assert without_chance(answer.content.decode()) == without_chance(body), command


@pytest.mark.django_db(transaction=True, reset_sequences=True)
def test_the_examples_of_the_api_guide(api: Api) -> None:
    assert {path.stem for path in (ROOT / "docs/reference/api").iterdir()} == {*API_PAGES}
    guide = "".join(read(f"docs/reference/api/{name}.md") for name in API_PAGES)
    shown = examples(guide)
    assert len(shown) == guide.count("\ncurl ")
    check(shown, str(api.secret))


@pytest.mark.django_db(transaction=True, reset_sequences=True)
def test_the_first_steps_work_in_the_demo_shop(make_api: Callable[..., Api]) -> None:
    call_command("seed_demo", verbosity=0)
    quickstart = read("docs/tutorial/quickstart.md")
    shown = examples(quickstart)
    assert len(shown) == quickstart.count("\ncurl ") == 5
    check(shown, str(make_api().secret))


def test_the_readme_shows_the_communication_module_as_it_is() -> None:
    shown, _ = (text for kind, text in BLOCK.findall(read("README.md")) if kind == "python")
    lines = iter(read("apps/orders/microservice_communication.py").splitlines())
    assert [line for line in filter(None, shown.splitlines()) if line not in lines] == []


@pytest.mark.django_db(transaction=True, reset_sequences=True)
def test_the_calls_in_the_readme_work(capsys: pytest.CaptureFixture[str]) -> None:
    _, shown = (text for kind, text in BLOCK.findall(read("README.md")) if kind == "python")
    test = doctest.DocTestParser().get_doctest(shown, {}, "README.md", None, None)
    result = doctest.DocTestRunner().run(test)
    assert (result.failed, result.attempted) == (0, 7), capsys.readouterr().out


def test_the_figures_in_the_readme_are_those_of_the_benchmarks() -> None:
    cells = [line.strip("| ").split(" | ") for line in read("README.md").splitlines()]
    rows = [
        {ours.removesuffix(" µs"), theirs.split(":")[0].removesuffix(" µs"), ratio}
        for _, ours, theirs, ratio in (row for row in cells if len(row) == 4)
        if re.fullmatch(r"[\d.]+", ratio)
    ]
    measured = [
        set(re.findall(r"\d[\d,.]*", line))
        for page in ("benchmarks", "benchmark-details")
        for line in read(f"docs/explanation/{page}.md").splitlines()
    ]
    assert len(rows) == 3
    assert [row for row in rows if not any(row <= numbers for numbers in measured)] == []
