"""`make run`: sets the project up on its first start, says how to use it, and serves it."""

import argparse
import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path

import django
import environ
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connections

from apps.accounts.keys import new_secret
from config.first_runs import first_runs

BASE_DIR = Path(__file__).resolve().parent.parent
STAFF = "staff"
SECRETS: dict[str, Callable[[], str]] = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(50),
    "DEMO_API_KEY": new_secret,
    "STAFF_PASSWORD": lambda: secrets.token_urlsafe(12),
}


def main() -> None:
    """Set up a shop with tables, products, a staff user and an API key, and become its server."""
    parser = argparse.ArgumentParser(prog="python -m config.demo", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    options = parser.parse_args()
    host = f"[{options.host}]" if ":" in options.host else options.host

    ensure_secrets(BASE_DIR / ".env")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    set_up()
    print(welcome(f"http://{host}:{options.port}"), flush=True)
    connections.close_all()
    os.environ["DEMO"] = "on"  # the first page greets
    os.environ["ALLOWED_HOSTS"] = ",".join([*settings.ALLOWED_HOSTS, host])
    serve = ["serve", "--host", options.host, "--port", str(options.port)]
    os.execv(sys.executable, [sys.executable, str(BASE_DIR / "manage.py"), *serve])  # noqa: S606


def ensure_secrets(env_file: Path) -> None:
    """Read the file into the environment; make the secrets that are missing, and add them to both.

    If this writes to the file, only its owner can read it afterwards.
    """
    environ.Env.read_env(env_file)
    made = {name: make() for name, make in SECRETS.items() if not os.environ.get(name)}
    if not made:
        return
    os.environ.update(made)
    env_file.touch(mode=0o600)
    env_file.chmod(0o600)
    with env_file.open("a") as file:
        file.write("\n# Made by `make run`.\n")
        file.writelines(f"{name}={value}\n" for name, value in made.items())


def set_up() -> None:
    """Create the tables, the staff user, the key and the services' example data, if missing.

    The key has every scope, because this shop is for trying things out."""
    from apps.accounts.models import ApiKey
    from apps.accounts.operations import issue_key
    from apps.accounts.scopes import known_scopes

    call_command("migrate", verbosity=0)
    users = get_user_model()
    if not users.objects.filter(username=STAFF).exists():
        users.objects.create_superuser(STAFF, password=os.environ["STAFF_PASSWORD"])
    secret = os.environ["DEMO_API_KEY"]
    if not ApiKey.objects.for_secret(secret).exists():
        issue_key(client_name="demo", scopes=known_scopes(), secret=secret)
    for module in first_runs():
        module.fill()


def welcome(address: str) -> str:
    """What the terminal says once everything is set up."""
    key = os.environ["DEMO_API_KEY"]
    said = f"""
Tradepost is at {address}/

  Staff pages  {address}/console/  user {STAFF}, password {os.environ["STAFF_PASSWORD"]}
  API          {address}/api/docs/  key {key}
"""
    return said + "".join(module.first_steps(address=address, key=key) for module in first_runs())


if __name__ == "__main__":
    main()
