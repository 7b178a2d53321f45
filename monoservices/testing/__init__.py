"""What tests of services need: the guard, rows of other services, fakes of communication modules.

A project's conftest.py takes it in with `pytest_plugins = ["monoservices.testing"]`.
"""

from monoservices.testing.guard import SeenViolations, boundary_guard, guarded_connections

__all__ = ["SeenViolations", "boundary_guard", "guarded_connections"]
