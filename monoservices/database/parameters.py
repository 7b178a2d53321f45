"""How the parameters of a statement travel to PostgreSQL: as text, for each one value."""

import psycopg

from monoservices.database.statements import Parameters

Encoded = list[bytes | None]


def encode_parameters(params: Parameters) -> Encoded:
    """Return the encoded values of parameters; None is NULL.

    Raises UnicodeEncodeError if a text cannot be encoded, and DataError if it contains NUL.
    """
    encoded = [None if param is None else str(param).encode() for param in params]
    if any(value is not None and b"\0" in value for value in encoded):
        raise psycopg.DataError(
            "PostgreSQL does not accept NUL (0x00) in text."
        )  # as libpq ends there
    return encoded
