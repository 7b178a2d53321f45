"""Read Tradepost's tables with Litestar and asyncpg, without an ORM.

Handlers return msgspec structs, which Litestar encodes itself. A pool of asyncpg is opened in the
application's lifespan, each request takes one connection of it by dependency injection, and asyncpg
prepares every statement once. Pages are Litestar's `CursorPagination`. Uvicorn serves it with two
processes, uvloop and httptools.
"""
