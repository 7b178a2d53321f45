"""Measure `drf_plain`."""

from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.designs import PRICE, PRODUCTS, HttpDesign, django_tables, gunicorn
from benchmarks.servers import ServerProcess

SETTINGS = "benchmarks.rivals.drf_plain.settings"
FILL = f"""
from benchmarks.rivals.drf_plain.models import Product
names = (f"Product {{n}}" for n in range(1, {PRODUCTS} + 1))
Product.objects.bulk_create(Product(name=name, price="{PRICE}") for name in names)
"""


@contextmanager
def serve(url: str) -> Iterator[list[ServerProcess]]:
    options = ["--worker-class=gthread", "--workers=3", "--threads=4"]
    with gunicorn(url, SETTINGS, options=options) as server:
        yield [server]


DESIGN = HttpDesign(
    name="drf_plain",
    title="DRF, no stock",
    prepare=django_tables(SETTINGS, FILL),
    serve=serve,
    books="SELECT count(*), sum(quantity), NULL, NULL, NULL FROM drf_plain_order",
)
