"""The hasher of passwords: the same hashes as Django's, at a low priority."""

import os
import sys
from threading import get_native_id
from typing import Any

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher, check_password, make_password
from django.test.utils import override_settings

from config import settings
from monoservices.server import hashing
from monoservices.server.hashing import NICER, NICEST, PatientPasswordHasher


def test_the_project_hashes_with_it() -> None:
    assert settings.PASSWORD_HASHERS == ["monoservices.server.hashing.PatientPasswordHasher"]
    with override_settings(PASSWORD_HASHERS=settings.PASSWORD_HASHERS):
        encoded = make_password("correct horse", salt="salt")
        assert check_password("correct horse", encoded)
        assert not check_password("battery staple", encoded)
    assert encoded.startswith(f"pbkdf2_sha256${PBKDF2PasswordHasher.iterations}$salt$")


def test_hashes_are_those_of_django() -> None:
    arguments = ("correct horse", "salt", 1_000)
    assert PatientPasswordHasher().encode(*arguments) == PBKDF2PasswordHasher().encode(*arguments)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a priority for each thread")
@pytest.mark.parametrize("most", [NICEST, 3])
def test_only_the_hash_gives_way(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr(hashing, "NICEST", most)

    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, get_native_id())

    def encode(*arguments: Any) -> str:
        return str(niceness())

    monkeypatch.setattr(PBKDF2PasswordHasher, "encode", encode)
    before = niceness()
    assert int(PatientPasswordHasher().encode("a", "b")) == min(most, before + NICER)
    assert niceness() == before


def test_an_error_reaches_the_caller() -> None:
    with pytest.raises(ValueError, match="salt must be provided"):
        PatientPasswordHasher().encode("correct horse", "")
