"""Helpers for tests of services: the guard, rows of other services, fakes, append-only tables.

A project's conftest.py loads the fixtures with `pytest_plugins = ["monoservices.testing"]`.
"""

from monoservices.testing.flushing import flush_past_triggers
from monoservices.testing.guard import SeenViolations, boundary_guard, guarded_connections

__all__ = ["SeenViolations", "boundary_guard", "flush_past_triggers", "guarded_connections"]
