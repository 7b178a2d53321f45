"""Lint migrations by what PostgreSQL is told: `python -m tests.migrations`, a part of `make check`.

Squawk (https://squawkhq.com/docs/rules) reads the SQL of each migration, and names what makes
others wait for long or breaks those who still run the old code. It does not see what RunPython
does. `monoservices.database.migrating` has operations without complaint. The server is one of this
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

BASELINE = {
    "accounts": "0001_initial",
    "orders": "0003_append_only_again",
    "products": "0007_times_of_the_database",
}
"""The last migrations that are left out. They were written before migrations were linted, and shops
have run them, so that they stay as they are."""


SWITCHED_OFF = {
    "require-lock-timeout": "Every connection has one (config/databases.py).",
    "require-statement-timeout": "Every connection has one.",
    "require-concurrent-index-deletion": "A lock of milliseconds, which nobody waits for longer "
    "than `lock_timeout`.",
    "ban-drop-constraint": "A CHECK is widened by dropping it and adding another one.",
    "prefer-text-field": "The bounds of fields are a part of the API.",
    "prefer-bigint-over-int": "The bounds of quantities are a part of the API; ids are bigint.",
    "prefer-bigint-over-smallint": "An HTTP status fits.",
    "prefer-robust-stmts": "A transaction, or AddIndexConcurrently, which drops what was left.",
}
"""Rules that do not apply here, and why."""
EXCEPTIONS: dict[str, dict[str, str]] = {}
"""By migration, such as `orders.0009_words`: rules that it may break, and why."""


def lint(name: str, sql: Path) -> bool:
    """Whether Squawk has no complaint about the SQL of a migration; it prints what it has."""
    squawk = Path(sysconfig.get_path("scripts"), "squawk")
    excluded = ",".join([*SWITCHED_OFF, *EXCEPTIONS.get(name, {})])
    command = [str(squawk), "--pg-version=14.0", f"--exclude={excluded}", str(sql)]
    found = subprocess.run(command, check=False, timeout=60, stdout=subprocess.PIPE, text=True)
    if found.returncode:
        print(found.stdout)
    return found.returncode == 0


def write_new(directory: Path) -> dict[str, Path]:
    """Write the SQL of the services' migrations that are not in the baseline into files.

    Returns the files by the migrations' names, such as `orders.0009_words`. The default database is
    PostgreSQL.
    """
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.loader import MigrationLoader

    from monoservices.services.config import services

    labels = {service.label for service in services()}
    files = {}
    for label, name in sorted(MigrationLoader(connection).disk_migrations):
        if label in labels and name > BASELINE.get(label, ""):
            sql = StringIO()
            call_command("sqlmigrate", label, name, stdout=sql, no_color=True)
            file = files[f"{label}.{name}"] = directory / f"{label}.{name}.sql"
            file.write_text(sql.getvalue())
    return files


def main() -> int:
    """Return the exit status."""
    with PostgresServer() as server, tempfile.TemporaryDirectory() as directory:
        os.environ["DATABASE_URL"] = server.url("postgres")
        os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
        import django
        from django.db import connections

        django.setup()
        try:
            files = write_new(Path(directory))
        finally:
            connections.close_all()
        refused = [name for name, sql in files.items() if not lint(name, sql)]
    for name in refused:
        print(f"Migration {name} is refused.", file=sys.stderr)
    if not refused:
        print(f"{len(files)} migrations since the baseline: no complaint.")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
