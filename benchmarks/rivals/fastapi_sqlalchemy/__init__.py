"""FastAPI with SQLAlchemy 2 and asyncpg: asynchronous from the socket to the database.

One conditional statement takes the stock (`UPDATE … SET stock = stock - n WHERE stock >= n`) and
returns the price, and the order is inserted in the same transaction: four statements with BEGIN and
COMMIT, no lock beforehand. uvicorn on uvloop and httptools; a pool of ten connections to the
database in each of two processes. Orders have one line. No key and no idempotency.
"""
