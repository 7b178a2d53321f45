"""The tests need databases of their own, as the tests across services do."""

from tests.conftest import make_database

__all__ = ["make_database"]
