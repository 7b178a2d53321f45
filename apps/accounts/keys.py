"""The text of an API key, its secret: how it is made, what it looks like, what is stored of it."""

import hashlib
import re
import secrets

PATTERN = r"tp_[A-Za-z0-9_-]{43}"
PREFIX_LENGTH = 8

# The scheme's name in any case, then spaces, then the token (RFC 9110, section 11.4).
_CREDENTIALS = re.compile(rf"(?i:bearer) +({PATTERN})")


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


def bearer_digest(authorization: str) -> str | None:
    """The digest of the key in an Authorization header, or None if it is not a bearer key."""
    credentials = _CREDENTIALS.fullmatch(authorization)
    return None if credentials is None else digest(credentials[1])
