"""Lint migrations by what PostgreSQL is told: `python -m tests.migrations`, a part of `make check`.

Squawk (https://squawkhq.com/docs/rules) reads the SQL of each migration and names what makes others
wait for long, or breaks those who still run the old code. `.squawk.toml` says which rules apply and
why the others do not. Migrations up to those in BASELINE are left out. The server is one of this
run's own, whose database stays empty. Exits with 1 if a migration is refused.
"""

import os
import subprocess
import sys
import sysconfig
import tempfile
from io import StringIO
from pathlib import Path

from tests.postgres import PostgresServer

ROOT = Path(__file__).resolve().parent.parent

BASELINE = {
    "accounts": "0001_initial",
    "orders": "0003_append_only_again",
    "products": "0007_times_of_the_database",
}
"""The last migrations that are left out. They were written before migrations were linted, and shops
have run them, so that they stay as they are."""


def lint(directory: Path) -> int:
    """Lint the SQL files in a directory. Returns Squawk's exit status: 0 if it has no complaint."""
    squawk = Path(sysconfig.get_path("scripts"), "squawk")
    files = sorted(str(file) for file in directory.glob("*.sql"))
    command = [squawk, "--config", ROOT / ".squawk.toml", *files]
    return subprocess.run(command, check=False).returncode if files else 0


def write_new(directory: Path) -> list[str]:
    """Write the SQL of the services' migrations that are not in the baseline.

    Returns their names, such as `orders.0004_charges`. The database is PostgreSQL.
    """
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.loader import MigrationLoader

    from monoservices.services.config import services

    labels = {service.label for service in services()}
    found = MigrationLoader(connection).disk_migrations
    names = []
    for label, name in sorted(found):
        if label in labels and name > BASELINE.get(label, ""):
            sql = StringIO()
            call_command("sqlmigrate", label, name, stdout=sql, no_color=True)
            (directory / f"{label}.{name}.sql").write_text(sql.getvalue())
            names.append(f"{label}.{name}")
    return names


def main() -> int:
    """Return the exit status."""
    with PostgresServer() as server, tempfile.TemporaryDirectory() as directory:
        os.environ |= {
            "DATABASE_URL": server.url("tradepost"),
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }
        import django

        django.setup()
        from django.db import connections

        try:
            names = write_new(Path(directory))
        finally:
            connections.close_all()
        status = lint(Path(directory))
    if not status:
        print(f"Squawk has no complaint about {len(names)} migrations.")
    return status


if __name__ == "__main__":
    sys.exit(main())
