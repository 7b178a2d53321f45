"""`manage.py seed_demo`: fill an empty shop."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.orders.demo import seed_shop
from apps.orders.microservice_communication import get_products_by_name


class Command(BaseCommand):
    help = (
        "Fills an empty shop with about 60 products and about 200 orders of the last 30 days, some "
        "of them shipped, delivered or canceled. Refuses to run if there are products."
    )

    def handle(self, **options: Any) -> None:
        products = get_products_by_name()
        if products:
            raise CommandError(f"There are {len(products)} products already; nothing was done.")
        orders = seed_shop()
        self.stdout.write(f"{len(get_products_by_name())} products, {orders} orders.")
