"""Helpers for tests of services: the guard, rows of other services, fakes.

A project's conftest.py loads the guard with `pytest_plugins = ["monoservices.testing"]`.
"""

from monoservices.testing.guard import SeenViolations, boundary_guard, guarded_connections

__all__ = ["SeenViolations", "boundary_guard", "guarded_connections"]
