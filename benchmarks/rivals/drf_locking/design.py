"""Measure `drf_locking`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from benchmarks.designs import PRICE, PRODUCTS, STOCK, HttpDesign, django_tables, gunicorn
from benchmarks.servers import ServerProcess

SETTINGS = "benchmarks.rivals.drf_locking.settings"
FILL = f"""
from benchmarks.rivals.drf_locking.models import Product
names = (f"Product {{n}}" for n in range(1, {PRODUCTS} + 1))
Product.objects.bulk_create(Product(name=n, price="{PRICE}", stock={STOCK}) for n in names)
"""


THREADS = ("--worker-class=gthread", "--workers=3", "--threads=4")
PROCESSES = ("--worker-class=sync", "--workers=3")


def drf_locking(*, name: str, title: str, options: Sequence[str]) -> HttpDesign:
    """The design, served by gunicorn with these options."""

    @contextmanager
    def serve(url: str) -> Iterator[list[ServerProcess]]:
        with gunicorn(url, SETTINGS, options=options) as server:
            yield [server]

    return HttpDesign(
        name=name,
        title=title,
        prepare=PREPARE,
        serve=serve,
        books="""
            SELECT (SELECT count(*) FROM drf_locking_order),
                (SELECT coalesce(sum(quantity), 0) FROM drf_locking_orderline),
                (SELECT sum(stock) FROM drf_locking_product),
                (SELECT min(stock) FROM drf_locking_product),
                NULL
        """,
        several_lines=True,
    )


PREPARE = django_tables(SETTINGS, FILL)
DESIGN = drf_locking(name="drf_locking", title="DRF, `select_for_update`", options=THREADS)
# Each process takes one order at a time, so fewer orders wait for the same lock.
SYNC = drf_locking(
    name="drf_locking_sync", title="DRF, `select_for_update`, sync workers", options=PROCESSES
)
