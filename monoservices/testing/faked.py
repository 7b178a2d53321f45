"""A pytest plugin: `pytest -p monoservices.testing.faked` runs tests against fakes.

For the whole run, the fake replaces the communication module of every served service that has
`tests/fake_communication.py`.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from importlib import import_module
from importlib.util import find_spec

import pytest

from monoservices.services.config import served_services
from monoservices.services.ownership import COMMUNICATION
from monoservices.testing.fakes import faked


@pytest.fixture(scope="session", autouse=True)
def _fakes() -> Iterator[None]:
    with ExitStack() as fakes:
        for service in served_services():
            name = f"{service.name}.tests.fake_communication"
            if find_spec(f"{service.name}.tests") and find_spec(name):
                real = import_module(f"{service.name}.{COMMUNICATION}")
                fakes.enter_context(faked(real, import_module(name)))
        yield
