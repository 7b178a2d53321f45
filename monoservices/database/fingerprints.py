"""Compare the sums that two services keep of the same things, without reading them one by one.

Each service takes fingerprints of its own rows, one for each group of ids, in one statement. Where
the totals of a group are equal, so are the units of each pair of ids in it, and only other groups
have to be looked at. A total is the sum of all units, each times the weight of its pair of ids, so
that the rows of a pair need not be summed first.

The weights are random, and other ones in each comparison. Two totals of different units are equal
by chance only, about once in two billion times, and a later comparison finds what that one missed:
R. Freivalds, "Probabilistic machines can use less running time", 1977, compares so.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from django.db import connection

from monoservices.database.engines import engine

GROUP_BITS = 4
GROUP_SIZE = 1 << GROUP_BITS
"""How many ids a group has. The larger, the more is looked at for each difference."""
PRIME = 2**40 - 87
"""Totals are computed modulo this number, which no difference in units reaches."""
CHUNK_SIZE = 10_000
"""How many fingerprints are fetched at once."""


class Fingerprint(NamedTuple):
    """What a service knows of a group: the ids from `number * GROUP_SIZE` on.

    bits: which of these ids it knows; bit 0 is that of the first one.
    total: the sum of the weighted units, modulo PRIME. It may be negative.
    """

    number: int
    bits: int = 0
    total: int = 0

    def ids(self, bits: int) -> list[int]:
        """The ids of the group whose bits are set in `bits`."""
        first = self.number * GROUP_SIZE
        return [first + place for place in range(GROUP_SIZE) if bits >> place & 1]


def take_fingerprints(
    rows: str, params: Sequence[str | int | None] = (), *, seed: int
) -> Iterator[Fingerprint]:
    """Yield the fingerprints of rows, in the order of their groups. One statement.

    rows: a SELECT of the columns `id`, `other_id` and `units`, with any number of rows for each
        pair of ids. In a row that only says that the id is there, the other two are NULL.
    params: the parameters of the SELECT.
    seed: for the weights; at least 0, below 2**31, and the same for all that is to be compared.
    """
    with connection.chunked_cursor() as cursor:
        cursor.execute(_statement(rows, seed), params)
        while chunk := cursor.fetchmany(CHUNK_SIZE):
            yield from map(Fingerprint._make, chunk)


def _statement(rows: str, seed: int) -> str:
    group = f"r.id >> {GROUP_BITS}"
    place = f"CAST(r.id & {GROUP_SIZE - 1} AS integer)"
    bits = engine().union_of_bits(f"CAST(1 AS bigint) << {place}")
    weight = engine().weight_of("r.id", "r.other_id", seed)
    total = f"sum(CAST(r.units AS bigint) * {weight} %% {PRIME})"
    return f"""
        SELECT {group}, {bits}, CAST(coalesce({total}, 0) %% {PRIME} AS bigint)
        FROM ({rows}) AS r GROUP BY {group} ORDER BY {group}
    """  # noqa: S608 - made of constants
