"""Django's PostgreSQL backend with a cheaper health check and faster timestamps.

Use it as the ENGINE of a database in DATABASES.
"""
