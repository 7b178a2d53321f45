"""All designs by name, and what to measure."""

from dataclasses import dataclass

from benchmarks.designs import PRODUCTS, Design
from benchmarks.rivals.drf_locking.design import DESIGN as DRF_LOCKING
from benchmarks.rivals.drf_locking.design import SYNC as DRF_LOCKING_SYNC
from benchmarks.rivals.drf_plain.design import DESIGN as DRF_PLAIN
from benchmarks.rivals.drf_services.design import DESIGN as DRF_SERVICES
from benchmarks.rivals.fastapi_sqlalchemy.design import DESIGN as FASTAPI
from benchmarks.rivals.pgbench.design import FUNCTION, STATEMENTS
from benchmarks.tradepost import tradepost

DESIGNS: dict[str, Design] = {
    design.name: design
    for design in (
        DRF_PLAIN,
        DRF_LOCKING,
        DRF_LOCKING_SYNC,
        DRF_SERVICES,
        FASTAPI,
        STATEMENTS,
        FUNCTION,
        tradepost(),
        tradepost(workers=1),
        tradepost(workers=4),
    )
}

OTHER_WORKERS = {"drf_locking_sync", "tradepost_1", "tradepost_4"}
"""Designs that differ from another design only in their worker processes."""


@dataclass(frozen=True)
class Scenario:
    """What an order contains: `lines` products, drawn from `products`."""

    title: str
    products: int
    lines: int


SCENARIOS = {
    "spread": Scenario("1,000 products", PRODUCTS, 1),
    "one": Scenario("one product", 1, 1),
    "lines": Scenario("20 lines of 1,000 products", PRODUCTS, 20),
}


@dataclass(frozen=True)
class Cell:
    """One thing to measure. design, scenario: their names. database: its kind."""

    design: str
    database: str
    scenario: str
    connections: int

    def __str__(self) -> str:
        return f"{self.design}, {self.database}, {self.scenario}, {self.connections} connections"


CONNECTIONS = (1, 4, 16, 64, 256)
PGBENCH_CONNECTIONS = (1, 2, 4, 8, 16, 64, 256)
"""Two more, because pgbench may be at its best there."""

FULL = (
    ("drf_plain", "postgresql", "spread", (16, 64, 256)),
    ("drf_locking", "postgresql", "spread", (16, 64, 256)),
    ("drf_locking_sync", "postgresql", "spread", (64,)),
    ("drf_services", "postgresql", "spread", (64,)),
    ("fastapi_sqlalchemy", "postgresql", "spread", (16, 64, 256)),
    ("pgbench_statements", "postgresql", "spread", PGBENCH_CONNECTIONS),
    ("pgbench_function", "postgresql", "spread", PGBENCH_CONNECTIONS),
    ("tradepost", "postgresql", "spread", CONNECTIONS),
    ("tradepost_1", "postgresql", "spread", CONNECTIONS),
    ("tradepost_4", "postgresql", "spread", (256,)),
    ("drf_locking", "postgresql", "one", (16, 64, 256)),
    ("drf_locking_sync", "postgresql", "one", (64,)),
    ("drf_services", "postgresql", "one", (64,)),
    ("fastapi_sqlalchemy", "postgresql", "one", (16, 64, 256)),
    ("pgbench_statements", "postgresql", "one", PGBENCH_CONNECTIONS),
    ("pgbench_function", "postgresql", "one", PGBENCH_CONNECTIONS),
    ("tradepost", "postgresql", "one", CONNECTIONS),
    ("tradepost_1", "postgresql", "one", (16, 256)),
    ("tradepost_4", "postgresql", "one", (256,)),
    ("drf_locking", "postgresql", "lines", (16, 64)),
    ("pgbench_function", "postgresql", "lines", (16, 64)),
    ("tradepost", "postgresql", "lines", (16, 64, 256)),
    ("drf_locking", "sqlite", "spread", (16, 256)),
    ("tradepost", "sqlite", "spread", (16, 256)),
    ("tradepost", "sqlite", "one", (256,)),
)
QUICK = (
    ("drf_plain", "postgresql", "spread", (64,)),
    ("drf_locking", "postgresql", "spread", (64,)),
    ("drf_locking", "postgresql", "one", (64,)),
    ("pgbench_statements", "postgresql", "spread", (8, 16)),
    ("pgbench_statements", "postgresql", "one", (8,)),
    ("tradepost", "postgresql", "spread", (1, 16, 256)),
    ("tradepost", "postgresql", "one", (256,)),
)


def cells(*, quick: bool) -> list[Cell]:
    """What to measure, sorted so that designs to compare run one after the other."""
    plan = [
        Cell(design, database, scenario, connections)
        for design, database, scenario, several in (QUICK if quick else FULL)
        for connections in several
    ]
    order = list(SCENARIOS)
    return sorted(plan, key=lambda x: (x.database, order.index(x.scenario), x.connections))
