"""Django's PostgreSQL backend with a cheaper health check and quicker timestamps.

To be named as the ENGINE of a database.
"""
