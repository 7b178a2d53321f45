"""A machine as the guide sets it up, with the two ways to run Tradepost on it."""

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.__main__ import ROOT
from tests.deploy.containerfile import Builder, Image
from tests.deploy.machines import Machine
from tests.deploy.pages import carry_out
from tests.deploy.roots import CommandFailed, copy_root, make_bare_root, run, run_in, why_not
from tests.deploy.running import GUIDE, PASSWORD, Container, Running, Unit
from tests.deploy.shopping import NAME, SHOP_FRONT, Site
from tests.starting.copies import copy_of_this_project

CERTIFICATE = Path("etc/letsencrypt/live", NAME)
"""Where certbot would put it."""

NEXT_MIGRATION = '''
from django.db import migrations

class Migration(migrations.Migration):
    """What the next release brings."""

    dependencies = [("products", "{latest}")]
    operations = []
'''
NEXT = "9999_next_release"


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A directory for roots. It goes with everything in it."""
    if reason := why_not():
        pytest.skip(reason)
    with tempfile.TemporaryDirectory(prefix="tradepost-deploy-") as directory:
        Path(directory).chmod(0o711)
        yield Path(directory)


@pytest.fixture(scope="module")
def bare(place: Path) -> Path:
    try:
        return make_bare_root(place / "bare")
    except CommandFailed as error:
        pytest.skip(f"debootstrap has failed: {error}"[-300:])


@pytest.fixture(scope="module")
def releases(place: Path) -> dict[str, Path]:
    """The code of this release, and of a next one that has another migration."""
    made = {}
    for version in ("0.1.0", "0.2.0"):
        made[version] = place / "releases" / f"tradepost-{version}"
        copy_of_this_project(made[version])
        (made[version] / ".venv").unlink()
    migrations = made["0.2.0"] / "apps/products/migrations"
    latest = max(path.stem for path in migrations.glob("0*.py"))
    (migrations / f"{NEXT}.py").write_text(NEXT_MIGRATION.format(latest=latest))
    return made


@pytest.fixture(scope="module")
def builder(bare: Path, place: Path) -> Builder:
    return Builder((ROOT / "deploy/Containerfile").read_text(), bare, place)


@pytest.fixture(scope="module")
def roots(
    bare: Path, place: Path, releases: dict[str, Path], builder: Builder
) -> tuple[Path, Image]:
    """A root as the guide installs it, and an image; each is made while the other one is."""

    def install() -> Path:
        root = copy_root(bare, place / "machine")
        archives = root / "root"
        for release in releases.values():
            archive = f"{release.name}.tar.gz"
            run(["tar", "-czf", str(archives / archive), "-C", str(release.parent), release.name])
        run_in(root, ["sh", "-c", "apt-get update && apt-get install --yes systemd-sysv"])

        def in_root(script: str) -> str:
            return run_in(root, ["bash", "-eu", "-c", script], directory="/root")

        carry_out(GUIDE, "Install", in_root)
        return root

    with ThreadPoolExecutor(1) as aside:
        image = aside.submit(builder.build, "image", releases["0.1.0"])
        return install(), image.result()


@pytest.fixture(scope="module")
def machine(roots: tuple[Path, Image]) -> Iterator[Machine]:
    """The machine, booted, after all that the guide says before "Every night"."""
    root, _ = roots
    with Machine(root) as machine:
        administrator = "DJANGO_SUPERUSER_PASSWORD=a-long-password-1"
        create = "runuser --user tradepost -- .venv/bin/python manage.py createsuperuser"
        answers = "--no-input --username ada --email ada@example.com"
        carry_out(
            GUIDE, "Configure", machine.run, instead={create: f"{administrator} {create} {answers}"}
        )
        carry_out(GUIDE, "Start", machine.run)
        carry_out(GUIDE, "Add HTTPS", machine.run, instead=_without_the_world(root))
        yield machine


def _without_the_world(root: Path) -> dict[str, str]:
    """What is done instead of asking certbot and a name server. Makes a certificate."""
    certificate = root / CERTIFICATE
    certificate.mkdir(parents=True)
    made = ["-keyout", str(certificate / "privkey.pem"), "-out", str(certificate / "fullchain.pem")]
    what = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}", "-days", "2"]
    run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *made, *what])
    (certbot,) = (line for line in GUIDE.read_text().splitlines() if line.startswith("certbot "))
    configuration = "/etc/nginx/nginx.conf"
    ask = f"curl --fail --retry 6 https://{NAME}/readyz"
    ours = f"--resolve {NAME}:443:127.0.0.1 --cacert /{CERTIFICATE}/fullchain.pem"
    return {
        "apt-get install --yes certbot": "true",
        certbot: "true",
        f"editor {configuration}": f"sed --in-place s/192.0.2.10/{SHOP_FRONT}/ {configuration}",
        ask: f"{ask} {ours}",
    }


@pytest.fixture(scope="module", params=["unit", "container"])
def running(
    request: pytest.FixtureRequest,
    machine: Machine,
    roots: tuple[Path, Image],
    releases: dict[str, Path],
    builder: Builder,
) -> Iterator[Running]:
    """A healthy server, and how to go on with it."""
    if request.param == "unit":
        unit = Unit(machine)
        unit.start()
        yield unit
        machine.run("systemctl stop tradepost")
        return
    _, image = roots
    password = f"ALTER ROLE tradepost PASSWORD '{PASSWORD}'"
    machine.run(f'runuser --user postgres -- psql --command "{password}"')
    container = Container(machine, image, lambda: builder.build("next", releases["0.2.0"]))
    try:
        container.manage("migrate")
        container.start()
        yield container
    finally:
        container.kill()


@pytest.fixture(scope="module")
def site(running: Running, machine: Machine) -> Site:
    """The shop over HTTPS, with a key that has every scope."""
    scopes = ("products:read", "products:write", "stock:write", "orders:read", "orders:write")
    secret = running.manage("createkey", "tests", *(f"--scope={scope}" for scope in scopes))
    return Site(machine.root / CERTIFICATE / "fullchain.pem", secret.split()[-1])
