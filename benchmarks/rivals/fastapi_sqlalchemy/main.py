from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel, PositiveInt
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks.rivals.fastapi_sqlalchemy.database import sessions
from benchmarks.rivals.fastapi_sqlalchemy.models import Order, Product

app = FastAPI()


class OrderIn(BaseModel):
    product_id: int
    quantity: PositiveInt


class OrderOut(BaseModel):
    id: int
    product_id: int
    quantity: int
    unit_price: Decimal
    status: str


async def session() -> AsyncIterator[AsyncSession]:
    async with sessions() as opened:
        yield opened


Session = Annotated[AsyncSession, Depends(session)]


@app.post("/api/v1/orders/", status_code=201)
async def place_order(wanted: OrderIn, session: Session) -> OrderOut:
    async with session.begin():
        price = await session.scalar(
            update(Product)
            .where(Product.id == wanted.product_id, Product.stock >= wanted.quantity)
            .values(stock=Product.stock - wanted.quantity)
            .returning(Product.price)
            .execution_options(synchronize_session=False)
        )
        if price is None:
            if await session.get(Product, wanted.product_id) is None:
                raise HTTPException(404, "There is no such product.")
            raise HTTPException(409, "There is not enough in stock.")
        order = Order(unit_price=price, status="pending", **wanted.model_dump())
        session.add(order)
        await session.flush()
    return OrderOut(
        id=order.id,
        product_id=order.product_id,
        quantity=order.quantity,
        unit_price=price,
        status=order.status,
    )
