"""What `make release` builds: the same bytes each time, and complete enough to be used."""

import json
import re
import shlex
import socket
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator
from hashlib import sha256
from html import unescape
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from tests.__main__ import ROOT
from tests.starting.copies import RELEASE, Directory

pytestmark = pytest.mark.skipif(
    connection.vendor != "sqlite", reason="what is released has databases of its own"
)

DEADLINE = 60
"""In seconds."""
VERSION: str = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
WHEEL = f"monoservices-{VERSION}-py3-none-any.whl"
SDIST = f"monoservices-{VERSION}.tar.gz"
ARCHIVE = f"tradepost-{VERSION}.tar.gz"
PYTHON = ".venv/bin/python"


def test_every_place_that_names_the_version_agrees() -> None:
    package = tomllib.loads((ROOT / "packaging/monoservices/pyproject.toml").read_text())["project"]
    newest = re.search(
        r"^## \[(.*?)\] – (\d{4}-\d\d-\d\d)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE
    )
    assert newest
    described = re.search(
        r"^  version: '?(.*?)'?$", (ROOT / "docs/reference/openapi.yaml").read_text(), re.MULTILINE
    )
    assert described
    places = (package["version"], newest[1], settings.SPECTACULAR_SETTINGS["VERSION"], described[1])
    assert places == (VERSION,) * 4
    minor = ".".join(VERSION.split(".")[:2])
    assert f"\n| {minor}, the latest release |" in (ROOT / "SECURITY.md").read_text()


def sums(project: Directory) -> dict[str, str]:
    lines = (project.path / "dist" / "SHA256SUMS").read_text().splitlines()
    return {name: digest for digest, name in (line.split() for line in lines)}


def test_the_sums_are_those_of_the_files(released: Directory) -> None:
    dist = released.path / "dist"
    files = {each.name: each for each in dist.iterdir() if each.name != "SHA256SUMS"}
    assert sorted(files) == sorted([WHEEL, SDIST, ARCHIVE])
    digests = {name: sha256(file.read_bytes()).hexdigest() for name, file in files.items()}
    assert sums(released) == digests


def test_the_same_commit_gives_the_same_bytes(released: Directory, tmp_path: Path) -> None:
    """In another place, at another time, in another time zone, for another user."""
    released.run(f"git clone --quiet . {tmp_path / 'clone'}")
    clone = Directory(tmp_path / "clone", TZ="Asia/Tokyo")
    clone.run(f"umask 077 && git config tar.umask 0007 && chmod -R go= . && {RELEASE}")
    assert sums(clone) == sums(released)


@pytest.mark.parametrize("changed", ["LICENSE", "monoservices/unknown.py"])
def test_only_what_is_committed_is_released(released: Directory, changed: str) -> None:
    before = sums(released)
    released.run(f"echo changed >> {changed}")
    said = released.run(RELEASE, fails=True)
    released.run("git checkout --quiet . && git clean --quiet --force")
    assert "Commit or remove your changes first" in said
    assert changed in said
    assert sums(released) == before


@pytest.fixture(params=[WHEEL, SDIST])
def blank(request: pytest.FixtureRequest, released: Directory, tmp_path: Path) -> Directory:
    """A blank project, in an environment into which only this file was installed.

    Skips if dependencies cannot be downloaded.
    """
    venv = [sys.executable, "-m", "venv", "--without-pip", str(tmp_path / ".venv")]
    subprocess.run(venv, check=True)
    file = f"{released.path / 'dist' / request.param}[api]"
    if not _install(tmp_path, "--dry-run", "djangorestframework", "msgspec", "uv_build"):
        pytest.skip("packages cannot be downloaded")
    assert _install(tmp_path, file)
    project = Directory(tmp_path, PYTHONWARNINGS="error")
    project.run(f"{PYTHON} -m django startproject shop .")
    project.insert(
        "shop/settings.py", '    "monoservices",', after="    'django.contrib.staticfiles',"
    )
    return project


def _install(path: Path, *what: str) -> bool:
    """Install into the environment of the project at this path, in the locked versions."""
    command = [sys.executable, "-m", "uv", "pip", "install", "--no-config", "--python", PYTHON]
    locked = ["--constraint", str(ROOT / "requirements.txt")]
    done = subprocess.run(
        [*command, *locked, *what], cwd=path, capture_output=True, text=True, check=False
    )
    print(done.stderr)
    return done.returncode == 0


def test_it_works_in_an_empty_environment(blank: Directory) -> None:
    """`startservice` and `check`, which finds what crosses a boundary."""
    where = blank.run(f"{PYTHON} -c 'import monoservices; print(monoservices.__file__)'")
    package = Path(where.strip()).parent
    assert package.is_relative_to(blank.path / ".venv")
    assert (package / "py.typed").is_file()
    assert not (package / "tests").exists()

    blank.run(f"{PYTHON} manage.py startservice catalogue")
    blank.insert("shop/settings.py", '    "catalogue",', after='    "monoservices",')
    blank.run(f"{PYTHON} manage.py startservice sales --depends-on catalogue")
    blank.insert("shop/settings.py", '    "sales",', after='    "catalogue",')
    with (blank.path / "shop" / "settings.py").open("a") as file:
        file.write("from monoservices.api.defaults import REST_FRAMEWORK\n")
    blank.run(f"{PYTHON} manage.py check --fail-level WARNING")
    with (blank.path / "sales" / "views.py").open("a") as file:
        file.write("from catalogue import models\n")
    said = blank.run(f"{PYTHON} manage.py check", fails=True)
    assert "(monoservices.E001) sales/views.py:" in said


def test_the_archive_has_every_file(released: Directory) -> None:
    listed = released.run(f"tar -tzf dist/{ARCHIVE} | grep -v '/$'").splitlines()
    tracked = released.run("git ls-files").splitlines()
    assert sorted(listed) == sorted(f"tradepost-{VERSION}/{each}" for each in tracked)


@pytest.fixture
def shop(released: Directory, tmp_path: Path) -> Iterator[tuple[str, str]]:
    """The address of the shop of the unpacked archive, and what the terminal said first."""
    released.run(f"tar -xzf dist/{ARCHIVE} -C {tmp_path}")
    project = Directory(tmp_path / f"tradepost-{VERSION}")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    server = project.start("python", "-m", "config.demo", "--port", port)  # as `make run` does
    assert server.stdout
    try:
        said = ""
        for line in server.stdout:
            said += line
            if line.startswith("  -d "):  # the end of the command
                break
        yield f"http://127.0.0.1:{port}", said
    finally:
        server.terminate()
        server.communicate(timeout=DEADLINE)


def test_the_archive_is_a_whole_shop(shop: tuple[str, str]) -> None:
    """What terminal and first page say works: both commands place an order."""
    address, said = shop
    opening, command = said.split("\nPlace an order:\n\n")
    lines = opening.strip().splitlines()
    assert lines[:2] == [f"Tradepost is at {address}/", ""]
    assert re.fullmatch(
        rf"  Staff pages  {address}/console/  user staff, password \S{{16}}", lines[2]
    )
    key = lines[3].removeprefix(f"  API          {address}/api/docs/  key ")
    assert len(lines) == 4

    status, order = run_curl(command)
    assert (status, json.loads(order)["status"]) == (201, "pending")
    _, page = ask(address + "/")
    shown = re.search(r"<pre.*?><code>(.*?)</code></pre>", page.decode(), re.DOTALL)
    assert shown
    status, other = run_curl(unescape(shown[1]).replace("<mark>YOUR_KEY</mark>", key))
    assert (status, json.loads(other)["id"]) == (201, json.loads(order)["id"] + 1)
    for path in ("/console/login/", "/static/admin/css/base.css", "/api/docs/", "/favicon.ico"):
        assert ask(address + path)[0] == 200, path


def run_curl(command: str) -> tuple[int, bytes]:
    """Do what such a command would do; status and body."""
    words = shlex.split(command.replace("\\\n", ""))
    assert words[:2] == ["curl", "-i"]
    options = list(zip(words[3::2], words[4::2], strict=True))
    headers = dict(value.split(": ") for option, value in options if option == "-H")
    (body,) = (value for option, value in options if option == "-d")
    return ask(words[2], body.encode(), headers)


def ask(
    url: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[int, bytes]:
    """Status and body; asked again until the server takes connections."""
    request = urllib.request.Request(url, body, headers or {})  # noqa: S310 - http, of this test
    end = time.monotonic() + DEADLINE
    while True:
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE) as response:  # noqa: S310
                return response.status, response.read()
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionRefusedError) or time.monotonic() > end:
                raise
            time.sleep(0.02)
