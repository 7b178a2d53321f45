"""FastAPI with SQLAlchemy 2 and asyncpg: asynchronous from the socket to the database.

One conditional statement takes the stock (`UPDATE … SET stock = stock - n WHERE stock >= n`) and
returns the price. The same transaction inserts the order: four statements with BEGIN and COMMIT,
without an earlier lock. It runs on uvicorn with uvloop and httptools, in two processes with ten
database connections each. Orders have one line. It has no API keys and no idempotency.
"""
