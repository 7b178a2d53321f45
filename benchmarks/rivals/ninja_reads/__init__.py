"""Read Tradepost's tables with django-ninja, as its documentation shows.

It has schemas for products and for orders with their lines, `HttpBearer` for the keys, and the
`CursorPagination` that it comes with. Its models are those of `drf_reads`. Gunicorn serves it with
threads, like the other Django projects.
"""
