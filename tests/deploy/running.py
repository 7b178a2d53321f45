"""Two ways to run Tradepost on a machine: as its unit, and as a container."""

import os
import signal
import subprocess
from collections.abc import Callable
from typing import Protocol

from tests.__main__ import ROOT
from tests.deploy.containerfile import Image
from tests.deploy.machines import Machine, child_of
from tests.deploy.pages import carry_out
from tests.deploy.roots import entered, run, until_it_works

STOP_SECONDS = 60
GUIDE = ROOT / "docs/how-to/deploy.md"
BACKUP_GUIDE = ROOT / "docs/how-to/back-up-and-restore.md"
BACKUPS = "/var/backups/tradepost"
PASSWORD = "a-password-of-letters"


class Running(Protocol):
    """Tradepost on a machine. database: its name."""

    database: str

    def start(self) -> None:
        """Start the server and wait until it is healthy."""

    def stop(self) -> None:
        """Let SIGTERM end the server. Raises AssertionError if it fails."""

    def manage(self, *arguments: str) -> str:
        """Run `manage.py` as the server's user. Raises CommandFailed."""

    def look(self, script: str) -> str:
        """Run a shell script as the server's user who sees what the server sees."""

    def upgrade(self) -> None:
        """Replace the code of a running server by the next release."""

    def back_up(self) -> str:
        """Make a backup as every night, and return its path."""

    def restore(self, file: str) -> None:
        """Restore a backup into an empty database, and serve that from now on."""


class Unit:
    """As the guide sets it up, under systemd."""

    database = "tradepost"

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def start(self) -> None:
        self._machine.run("systemctl start tradepost")
        is_ready = "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/readyz')"
        until_it_works(lambda: self._machine.run(f'python3 -c "{is_ready}"'))

    def stop(self) -> None:
        self._machine.run("systemctl stop tradepost")
        ended = self._machine.run("systemctl show tradepost --property Result,ExecMainStatus")
        assert set(ended.split()) == {"Result=success", "ExecMainStatus=0"}

    def manage(self, *arguments: str) -> str:
        manage = "runuser --user tradepost -- .venv/bin/python manage.py"
        return self._machine.run(f"cd /opt/tradepost; {manage} {' '.join(arguments)}")

    def look(self, script: str) -> str:
        process = "$(systemctl show tradepost --property MainPID --value)"
        user = "runuser --user tradepost -- sh -c"
        return self._machine.run(f"nsenter --target {process} --mount -- {user} '{script}'")

    def upgrade(self) -> None:
        # The machine has no network. The next release needs the same packages.
        install = "cp --archive /opt/tradepost-0.1.0/.venv /opt/tradepost-0.2.0/"
        instead = {"make --directory /opt/tradepost-0.2.0 install": install}
        carry_out(GUIDE, "Upgrade", self._machine.run, instead=instead)
        self.start()

    def back_up(self) -> str:
        # The command for machines without systemd is the one of the unit.
        by_hand = ".venv/bin/python manage.py backup --keep 14 /var/backups/tradepost"
        carry_out(BACKUP_GUIDE, "Back up every night", self._machine.run, instead={by_hand: "true"})
        self._machine.run("systemctl start tradepost-reconcile.service")
        return self._machine.run(f"ls {BACKUPS}/*.dump | tail --lines 1").strip()

    def restore(self, file: str) -> None:
        page = BACKUP_GUIDE.read_text()
        (restore,) = (line for line in page.splitlines() if line.endswith("Z.dump"))
        ours = f"{restore.rpartition(' ')[0]} {file}"
        carry_out(BACKUP_GUIDE, "Restore", self._machine.run, instead={restore: ours})
        self.start()


class Container:
    """A container of an image, with the network of the machine.

    As `deploy/compose.yaml` has it, its user may write to a directory for temporary files and to
    the volume with the backups, and to nothing else.
    """

    def __init__(self, machine: Machine, image: Image, next_image: Callable[[], Image]) -> None:
        self._machine = machine
        self._image = image
        self._next_image = next_image
        self._environment = {
            "ALLOWED_HOSTS": "shop.example.com",
            "HTTPS": "on",
            "SECRET_KEY": "for the tests only, and long enough to be taken in production",
        }
        self._server: subprocess.Popen[bytes] | None = None
        self.use("container")

    def start(self) -> None:
        self._server = subprocess.Popen(
            self._command(*self._image.command),
            env=self._variables(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        until_it_works(lambda: run(self._command(*self._image.health_check), self._variables()))

    def stop(self) -> None:
        assert self._server is not None
        os.kill(child_of(self._server.pid), signal.SIGTERM)
        assert self._server.wait(STOP_SECONDS) == 0

    def kill(self) -> None:
        """End everything in the container, if it runs."""
        if self._server is not None and self._server.poll() is None:
            # Its first process: a change of user cancels what `unshare --kill-child` has asked for.
            os.kill(child_of(self._server.pid), signal.SIGKILL)
            self._server.wait()

    def manage(self, *arguments: str) -> str:
        return run(self._command("python", "manage.py", *arguments), self._variables())

    def look(self, script: str) -> str:
        return run(self._command("sh", "-c", script), self._variables())

    def upgrade(self) -> None:
        backups = self._image.root / BACKUPS.lstrip("/")
        self._image = self._next_image()
        run(["cp", "--archive", str(backups), str(self._image.root / "var" / "backups")])
        self.stop()
        self.manage("migrate")
        self.start()

    def back_up(self) -> str:
        return self.manage("backup", "--keep", "14", BACKUPS).strip()

    def restore(self, file: str) -> None:
        self.stop()
        self.use("restored")
        self.manage("restore", file)
        self.start()

    def use(self, database: str) -> None:
        """Make an empty database, and use that from now on."""
        self.database = database
        options = "--owner tradepost --template template0 --encoding UTF8"
        self._machine.run(f"runuser --user postgres -- createdb {options} {database}")
        url = f"postgres://tradepost:{PASSWORD}@127.0.0.1:5432/{database}"
        self._environment["DATABASE_URL"] = url

    def _command(self, *command: str) -> list[str]:
        image = self._image
        inside = entered(image.root, user=image.user, directory=image.directory, writable=[BACKUPS])
        return [*self._machine.in_its_network(), *inside, *command]

    def _variables(self) -> dict[str, str]:
        return self._image.environment | self._environment
