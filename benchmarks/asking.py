"""Send one request of a template, and read its response."""

import http.client
import socket
from typing import NamedTuple

from benchmarks.load import Request
from benchmarks.python_load import renderer
from benchmarks.servers import HOST

SECONDS = 60


class Answer(NamedTuple):
    status: int
    body: bytes


def ask(port: int, request: Request, *, seed: int = 0) -> Answer:
    """Send a request that is rendered as in a load with this seed."""
    with socket.create_connection((HOST, port), timeout=SECONDS) as connection:
        connection.sendall(renderer(request, seed=seed)())
        response = http.client.HTTPResponse(connection, method=request.method)
        try:
            response.begin()
            return Answer(response.status, response.read())
        finally:
            response.close()
