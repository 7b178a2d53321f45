"""The migration linter refuses what makes others wait, and nothing else."""

import sysconfig
from pathlib import Path

import pytest

from tests.migrations import BASELINE, EXCEPTIONS, SWITCHED_OFF, lint

pytestmark = pytest.mark.skipif(
    not Path(sysconfig.get_path("scripts"), "squawk").exists(),
    reason="squawk-cli is not installed: run make install-dev",
)

TABLE = 'ALTER TABLE "orders_order"'
CHECK = f'{TABLE} ADD CONSTRAINT "total" CHECK ("total" >= 0)'
VALIDATE = f'{TABLE} VALIDATE CONSTRAINT "total"'
REFUSED = {
    "a CHECK that reads old rows under its lock": [CHECK],
    "the same in two steps under one lock": [f"{CHECK} NOT VALID", VALIDATE],
    "an index": ['CREATE INDEX "by_total" ON "orders_order" ("total")'],
    "a unique constraint": [f'{TABLE} ADD CONSTRAINT "once" UNIQUE ("total")'],
    "a column that old code does not fill": [f'{TABLE} ADD COLUMN "paid" numeric NOT NULL'],
    "a default that rewrites the table": [
        f'{TABLE} ADD COLUMN "at" timestamptz DEFAULT clock_timestamp() NOT NULL'
    ],
    "a column that old code reads": [f'{TABLE} DROP COLUMN "total"'],
    "another type": [f'{TABLE} ALTER COLUMN "total" TYPE numeric(16, 2)'],
}
TAKEN = {
    "a CHECK for new rows": [f"{CHECK} NOT VALID"],
    "a wider CHECK": [f'{TABLE} DROP CONSTRAINT "total"', f"{CHECK} NOT VALID"],
    "old rows, on their own": [VALIDATE],
    "columns that old code can leave out": [
        f'{TABLE} ADD COLUMN "paid" numeric(14, 2) NULL',
        f'{TABLE} ADD COLUMN "committed" integer DEFAULT 0 NOT NULL',
    ],
    "a new table with everything": [
        'CREATE TABLE "charge" ("id" bigint PRIMARY KEY, "amount" numeric NOT NULL)',
        'CREATE INDEX "by_amount" ON "charge" ("amount")',
        'ALTER TABLE "charge" ADD CONSTRAINT "positive" CHECK ("amount" > 0)',
    ],
}


def accepts(tmp_path: Path, statements: list[str], *, name: str = "orders.9999_test") -> bool:
    sql = tmp_path / "migration.sql"
    sql.write_text("".join(f"{each};\n" for each in ["BEGIN", *statements, "COMMIT"]))
    return lint(name, sql)


@pytest.mark.parametrize("statements", REFUSED.values(), ids=REFUSED)
def test_what_is_refused(tmp_path: Path, statements: list[str]) -> None:
    assert not accepts(tmp_path, statements)


@pytest.mark.parametrize("statements", TAKEN.values(), ids=TAKEN)
def test_what_is_taken(tmp_path: Path, statements: list[str]) -> None:
    assert accepts(tmp_path, statements)


def test_indexes_are_added_concurrently(tmp_path: Path) -> None:
    sql = tmp_path / "migration.sql"
    sql.write_text(
        'DROP INDEX CONCURRENTLY IF EXISTS "once";\n'
        'CREATE UNIQUE INDEX CONCURRENTLY "once" ON "orders_order" ("total");\n'
        f'{TABLE} ADD CONSTRAINT "once" UNIQUE USING INDEX "once";\n'
    )
    assert lint("orders.9999_test", sql)


def test_an_exception(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = {"changing-column-type": "It only becomes longer."}
    monkeypatch.setitem(EXCEPTIONS, "orders.9999_test", rules)
    longer = REFUSED["another type"]
    assert accepts(tmp_path, longer)
    assert not accepts(tmp_path, longer, name="orders.9998_test")


def test_what_is_left_out_exists() -> None:
    apps = Path(__file__).parent.parent / "apps"
    for name in [*(f"{label}.{last}" for label, last in BASELINE.items()), *EXCEPTIONS]:
        label, _, migration = name.partition(".")
        assert (apps / label / "migrations" / f"{migration}.py").exists(), name
    reasons = [
        *SWITCHED_OFF.values(),
        *(why for each in EXCEPTIONS.values() for why in each.values()),
    ]
    assert all(reason.endswith(".") for reason in reasons)
