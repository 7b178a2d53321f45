"""What a case is."""

from typing import Any, NamedTuple

BEYOND_BIGINT = 2**63
BEYOND_INTEGER = 2**31


class Case(NamedTuple):
    """A request and the answer that it gets.

    request: method and path; <mug>, <gold>, <order> and <foreign> stand for ids, in the body too.
    body: JSON to be, or bytes as they are. fields: the keys of `errors`.
    """

    request: str
    body: Any
    status: int
    code: str
    fields: list[str]
    headers: dict[str, str]


def case(
    request: str,
    body: Any = b"",
    *fields: str,
    status: int = 400,
    code: str = "invalid",
    **headers: str,
) -> Case:
    return Case(request, body, status, code, list(fields), headers)
