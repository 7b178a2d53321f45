"""Fingerprints are equal where units are, and differ where units do."""

import pytest

from monoservices.database.fingerprints import GROUP_SIZE, PRIME, Fingerprint, take_fingerprints

pytestmark = pytest.mark.django_db

Row = tuple[int, int | None, int | None]
"""id, other id, units."""


def fingerprints(*rows: Row, seed: int = 1) -> list[Fingerprint]:
    """With totals of one form: not negative."""
    columns = (f"CAST(%s AS bigint) AS {name}" for name in ("id", "other_id", "units"))
    selects = " UNION ALL ".join([f"SELECT {', '.join(columns)}"] * len(rows))
    params = [value for row in rows for value in row]
    found = take_fingerprints(selects, params, seed=seed)
    return [each._replace(total=each.total % PRIME) for each in found]


def total(*rows: Row, seed: int = 1) -> int:
    [found] = fingerprints(*rows, seed=seed)
    return found.total


def test_ids_are_in_groups() -> None:
    first = 5 * GROUP_SIZE
    found = fingerprints((first + 2, None, None), (first, 1, 9), (first, 2, 9), (1, 1, -9))
    assert [(each.number, each.bits) for each in found] == [(0, 0b10), (5, 0b101)]
    assert found[1].ids(found[1].bits) == [first, first + 2]
    assert fingerprints((10**17, 1, 1))[0].ids(1 << 10**17 % GROUP_SIZE) == [10**17]


def test_only_the_sum_of_a_pair_matters() -> None:
    assert total((3, 7, 5), (4, 7, 2)) == total((4, 7, 2), (3, 7, 9), (3, 7, -4))
    assert total((3, 7, 5), (3, 7, -5)) == total((3, None, None)) == 0
    assert (total((3, 7, 5)) + total((3, 7, -5))) % PRIME == 0


@pytest.mark.parametrize(
    "rows",
    [
        [(3, 7, 1)],
        [(3, 7, 1), (3, 8, -1)],
        [(3, 7, 1), (4, 7, -1)],
        [(3, 7, 1), (4, 7, -2), (5, 7, 1)],
        [(3, 7, 1), (3, 8, -1), (4, 7, -1), (4, 8, 1)],
        # The same twice, the other way round, so that what the four lines miss is missed again.
        [(i + j, 7 + k, (-1) ** (i + j // 2 + k)) for i in (0, 1) for j in (0, 2) for k in (0, 1)],
        [(3, 2**40, 2**31 - 1), (3, 2**40 + 2**31, 1 - 2**31)],
    ],
)
@pytest.mark.parametrize("seed", [0, 1, 123_456_789, 2**31 - 1])
def test_what_differs_has_a_total_of_its_own(rows: list[Row], seed: int) -> None:
    assert total(*rows, seed=seed) != 0


def test_each_seed_gives_other_weights() -> None:
    assert len({total((3, 7, 1), seed=seed) for seed in range(50)}) == 50


def test_large_sums_do_not_overflow() -> None:
    rows: list[Row] = [(3, other, 2**31 - 1) for other in range(100)]
    assert sum(total(row) for row in rows) % PRIME == total(*rows) != 0
