"""Print what a process with the present SERVICES installs and serves: `python -m tests.selection`.

It migrates an empty database and prints a JSON object for `tests/test_separate_life.py`.
"""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import django
from django.core.management import call_command, get_commands

PATHS = (
    "/",
    "/readyz",
    "/api/docs/",
    "/api/v1/products/",
    "/api/v1/orders/",
    "/console/",
    "/console/accounts/apikey/",
    "/console/products/",
    "/console/products/product/",
    "/console/orders/",
    "/console/orders/order/",
    "/api/v1/payments/",
    "/console/payments/",
    "/console/payments/payment/",
)


ROOT = Path(__file__).resolve().parent.parent


def run(*arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run Python with these arguments and settings."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=os.environ | settings,
        capture_output=True,
        text=True,
        check=False,
    )


def main() -> None:
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("check", fail_level="WARNING", stdout=io.StringIO())
    call_command("makemigrations", check_changes=True, verbosity=0)
    print(json.dumps(look()))


def look() -> dict[str, Any]:
    """What the process installs, serves and responds."""
    import yaml
    from django.db import connection

    from apps.accounts.scopes import known_scopes
    from monoservices.server.front import Front
    from monoservices.services.config import served_services, services
    from monoservices.services.ownership import table_owners
    from tests.asgi import new_django

    front, browser = Front(new_django()), _browser()
    schema = yaml.safe_load(browser.get("/api/schema/").content)
    tables, owners = connection.introspection.table_names(), table_owners()
    return {
        "installed": [service.label for service in services()],
        "served": [service.label for service in served_services()],
        "tables of": sorted({owners[each].label for each in tables if each in owners}),
        "commands of": sorted({app for app in get_commands().values() if app.startswith("apps.")}),
        "scopes": list(known_scopes()),
        "express": [" ".join(route) for route in front.express.routes],
        "large bodies": list(front.large_bodies),
        "described": sorted({path.split("/")[3] for path in schema["paths"]}),
        "answers": {path: browser.get(path).status_code for path in PATHS},
    }


def _browser() -> Any:
    """A signed-in superuser whose key has every scope."""
    from django.contrib.auth import get_user_model
    from django.test import Client

    from apps.accounts.operations import issue_key
    from apps.accounts.scopes import known_scopes

    secret = issue_key(client_name="shop", scopes=known_scopes()).secret
    browser = Client(headers={"authorization": f"Bearer {secret}", "host": "localhost"})
    browser.force_login(get_user_model().objects.create_superuser("ada", password="-"))
    return browser


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    main()
