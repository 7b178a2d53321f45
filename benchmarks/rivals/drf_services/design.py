"""Measure `drf_services`."""

from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.designs import PRICE, PRODUCTS, STOCK, HttpDesign, django_tables, gunicorn
from benchmarks.servers import ServerProcess

CATALOGUE = "benchmarks.rivals.drf_services.catalogue.settings"
ORDERING = "benchmarks.rivals.drf_services.ordering.settings"
OPTIONS = ["--worker-class=gthread", "--workers=2", "--threads=6"]
FILL = f"""
from benchmarks.rivals.drf_services.catalogue.models import Product
names = (f"Product {{n}}" for n in range(1, {PRODUCTS} + 1))
Product.objects.bulk_create(Product(name=n, price="{PRICE}", stock={STOCK}) for n in names)
"""


def prepare(url: str) -> str:
    django_tables(CATALOGUE, FILL)(url)
    return django_tables(ORDERING)(url)


@contextmanager
def serve(url: str) -> Iterator[list[ServerProcess]]:
    with gunicorn(url, CATALOGUE, options=OPTIONS) as catalogue:
        env = {"CATALOGUE_URL": catalogue.url}
        with gunicorn(url, ORDERING, options=OPTIONS, env=env) as ordering:
            yield [ordering, catalogue]


DESIGN = HttpDesign(
    name="drf_services",
    title="DRF, two services over HTTP",
    prepare=prepare,
    serve=serve,
    books="""
        SELECT (SELECT count(*) FROM ordering_order),
            (SELECT coalesce(sum(quantity), 0) FROM ordering_orderline),
            (SELECT sum(stock) FROM catalogue_product),
            (SELECT min(stock) FROM catalogue_product),
            NULL
    """,
    several_lines=True,
)
