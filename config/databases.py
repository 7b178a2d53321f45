"""Settings for each database, so that no acknowledged order is lost."""

from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

LOCK_TIMEOUT_MS = 2_000
STATEMENT_TIMEOUT_MS = 30_000
IDLE_IN_TRANSACTION_TIMEOUT_MS = 60_000
"""After which PostgreSQL ends a session whose client is gone. A client that streams may pause."""
LONGEST_WAIT_SECONDS = 35
"""After which a connection is closed. PostgreSQL has not even said that a statement is late."""


def database(url: str) -> dict[str, Any]:
    """Return Django's settings for the database at `url` (`sqlite:///path`, `postgres://…`).

    Raises ImproperlyConfigured if it is another kind of database.
    """
    settings: dict[str, Any] = environ.Env.db_url_config(url)
    settings["CONN_MAX_AGE"] = None
    settings["CONN_HEALTH_CHECKS"] = True
    match settings["ENGINE"]:
        case "django.db.backends.sqlite3":
            options = _sqlite()
        case "django.db.backends.postgresql":
            settings["ENGINE"] = "monoservices.database.backend"
            options = _postgresql()
        case engine:
            raise ImproperlyConfigured(
                f"DATABASE_URL names {engine}. Tradepost runs on SQLite and on PostgreSQL."
            )
    settings["OPTIONS"] = options | settings.get("OPTIONS", {})
    return settings


def _sqlite() -> dict[str, Any]:
    """Use a write-ahead log, sync at every commit, and lock when a transaction begins.

    Without that lock, a transaction that reads first and then writes fails at once if another one
    has written in between, however long the timeout is (https://www.sqlite.org/isolation.html).
    """
    return {
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        "transaction_mode": "IMMEDIATE",
        "timeout": 5,
    }


def _postgresql() -> dict[str, Any]:
    """Prepare statements on their second use, and end every wait.

    PostgreSQL plans each statement for its values. One plan for every search would read the whole
    catalogue to find the first page of products whose name contains a text. It compiles none: for
    an export, of which the reader may take the first rows and leave, that takes most of a second.
    """
    return {
        "server_side_binding": True,
        "prepare_threshold": 1,
        "connect_timeout": 5,
        "longest_wait": LONGEST_WAIT_SECONDS,
        # Keep idle connections open in firewalls, and notice a lost connection within a minute.
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
        "tcp_user_timeout": 30_000,
        "options": " ".join(
            f"-c {name}={value}"
            for name, value in {
                "lock_timeout": LOCK_TIMEOUT_MS,
                "statement_timeout": STATEMENT_TIMEOUT_MS,
                "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_TIMEOUT_MS,
                "plan_cache_mode": "force_custom_plan",
                "jit": "off",
            }.items()
        ),
    }
