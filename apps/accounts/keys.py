"""An API key as text, its secret: how it is made, what it looks like, what is kept of it."""

import hashlib
import re
import secrets

PATTERN = r"tp_[A-Za-z0-9_-]{43}"
PREFIX_LENGTH = 8


def new_secret() -> str:
    """A secret of 256 random bits."""
    return f"tp_{secrets.token_urlsafe(32)}"


def is_well_formed(secret: str) -> bool:
    return re.fullmatch(PATTERN, secret) is not None


def digest(secret: str) -> str:
    """The SHA-256 of a secret, as 64 hex characters.

    A slow hash would protect no better: 256 random bits cannot be guessed.
    """
    return hashlib.sha256(secret.encode()).hexdigest()
