"""The client of the catalogue service, with a persistent connection per thread."""

import threading
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import requests
from django.conf import settings
from rest_framework.exceptions import APIException, ValidationError

TIMEOUT_SECONDS = 30
_local = threading.local()


class OutOfStock(APIException):
    status_code = 409
    default_detail = "There is not enough stock."


class CatalogueUnavailable(APIException):
    status_code = 503
    default_detail = "The catalogue does not respond."


def take_stock(lines: Sequence[dict[str, Any]]) -> dict[int, Decimal]:
    """Take the stock of the lines. Return the prices by product.

    Raises ValidationError, OutOfStock or CatalogueUnavailable.
    """
    response = _post("/stock/take/", lines)
    if response.status_code == 404:
        raise ValidationError({"lines": "There is no such product."})
    if response.status_code == 409:
        raise OutOfStock
    if not response.ok:
        raise CatalogueUnavailable
    return {int(key): Decimal(price) for key, price in response.json()["prices"].items()}


def put_back_stock(lines: Sequence[dict[str, Any]]) -> None:
    _post("/stock/put-back/", lines)


def _post(path: str, lines: Sequence[dict[str, Any]]) -> requests.Response:
    if not hasattr(_local, "session"):
        _local.session = requests.Session()
        _local.session.trust_env = False  # do not look for proxies at every request
    url = f"{settings.CATALOGUE_URL}{path}"
    try:
        response: requests.Response = _local.session.post(url, json=lines, timeout=TIMEOUT_SECONDS)
    except requests.RequestException:
        raise CatalogueUnavailable from None
    return response
