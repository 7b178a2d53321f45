"""The secrets that `make run` creates. Another test walks through the running demo."""

import os
import stat
from pathlib import Path

import pytest

from apps.accounts.keys import is_well_formed, new_secret
from apps.accounts.models import ApiKey
from apps.accounts.scopes import known_scopes
from config import demo
from config.demo import SECRETS, ensure_secrets


@pytest.fixture
def env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    forget_secrets(monkeypatch)
    return tmp_path / ".env"


def forget_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRETS:
        monkeypatch.setenv(name, "")  # so that monkeypatch restores it
        monkeypatch.delenv(name)


def secrets_in_environment() -> dict[str, str]:
    return {name: os.environ[name] for name in SECRETS}


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def test_secrets_are_made_once(env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ensure_secrets(env_file)
    made, text = secrets_in_environment(), env_file.read_text()
    assert len(made["SECRET_KEY"]) == 67
    assert is_well_formed(made["DEMO_API_KEY"])
    assert len(made["STAFF_PASSWORD"]) == 16
    assert mode(env_file) == 0o600

    forget_secrets(monkeypatch)
    ensure_secrets(env_file)
    assert secrets_in_environment() == made
    assert env_file.read_text() == text


def test_what_the_file_holds_is_kept(env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    env_file.write_text("SECRET_KEY=mine")
    env_file.chmod(0o644)
    ensure_secrets(env_file)
    made = secrets_in_environment()
    assert made["SECRET_KEY"] == "mine"
    assert env_file.read_text() == (
        "SECRET_KEY=mine\n# Made by `make run`.\n"
        f"DEMO_API_KEY={made['DEMO_API_KEY']}\nSTAFF_PASSWORD={made['STAFF_PASSWORD']}\n"
    )
    assert mode(env_file) == 0o600


def test_the_environment_wins_and_is_not_written_down(
    env_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in SECRETS:
        monkeypatch.setenv(name, f"my {name}")
    ensure_secrets(env_file)
    assert secrets_in_environment() == {name: f"my {name}" for name in SECRETS}
    assert not env_file.exists()


@pytest.mark.django_db
def test_the_demo_key_may_do_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_secrets(monkeypatch)
    monkeypatch.setenv("DEMO_API_KEY", new_secret())
    monkeypatch.setenv("STAFF_PASSWORD", "not the real one")
    monkeypatch.setattr(demo, "first_runs", list)
    demo.set_up()
    assert ApiKey.objects.get().scopes == sorted(known_scopes())
