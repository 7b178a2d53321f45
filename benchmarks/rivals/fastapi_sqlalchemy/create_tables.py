"""Create the tables and products: `python -m … .create_tables PRODUCTS PRICE STOCK`."""

import asyncio
import sys
from decimal import Decimal

from benchmarks.rivals.fastapi_sqlalchemy.database import engine, sessions
from benchmarks.rivals.fastapi_sqlalchemy.models import Base, Product


async def create_tables(products: int, price: Decimal, stock: int) -> None:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    async with sessions.begin() as session:
        names = (f"Product {number}" for number in range(1, products + 1))
        session.add_all([Product(name=name, price=price, stock=stock) for name in names])
    await engine.dispose()


if __name__ == "__main__":
    asyncio.run(create_tables(int(sys.argv[1]), Decimal(sys.argv[2]), int(sys.argv[3])))
