"""Django's PostgreSQL backend with a cheaper health check, to be named as a database's ENGINE."""
