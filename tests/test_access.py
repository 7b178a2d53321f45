"""Access control: every route with every kind of caller.

The routes come from the URL resolver. A new route or method of the shop's services fails without an
entry here; what is expected of another service's routes follows from the scopes of its views.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from apps.accounts.models import ApiKey
from apps.accounts.operations import revoke_key
from apps.accounts.scopes import known_scopes
from apps.products.models import Product
from conftest import Answer, Api
from monoservices.api.endpoints import Endpoint
from tests.shop import is_of_shop

MakeApi = Callable[..., Api]


class Access(NamedTuple):
    """scope: what the key needs. status: of the answer where it has that. body: what is sent.

    headers: what is sent with it. Without a status, any answer will do that lets the key through.
    """

    scope: str
    status: int | None = None
    body: Any = None
    headers: Mapping[str, Any] = {}


API = {
    ("GET", "products/"): Access("products:read", 200),
    ("POST", "products/"): Access("products:write", 201, {"name": "Cup", "price": "1.00"}),
    ("POST", "products/import/"): Access(
        "products:write", 200, "sku,name,price\nA-1,Cup,1\n", {"content_type": "text/csv"}
    ),
    ("GET", "products/export/"): Access("products:read", 200),
    ("GET", "products/availability/"): Access("products:read", 200),
    ("POST", "stock/"): Access("stock:write", 200, {"movements": [{"sku": "MUG", "counted": 1}]}),
    ("GET", "products/<int:product_id>/"): Access("products:read", 200),
    ("PATCH", "products/<int:product_id>/"): Access("products:write", 200, {"price": "2.00"}),
    ("DELETE", "products/<int:product_id>/"): Access("products:write", 204),
    ("POST", "products/<int:product_id>/stock/"): Access("stock:write", 201, {"counted": 1}),
    ("GET", "products/<int:product_id>/movements/"): Access("products:read", 200),
    ("GET", "orders/"): Access("orders:read", 200),
    ("POST", "orders/"): Access("orders:write", 201, {"lines": [{"sku": "MUG", "quantity": 1}]}),
    ("GET", "orders/export/"): Access("orders:read", 200),
    ("GET", "orders/<int:order_id>/"): Access("orders:read", 200),
    ("PATCH", "orders/<int:order_id>/"): Access("orders:write", 200, {"quantity": 2}),
    ("GET", "orders/<int:order_id>/events/"): Access("orders:read", 200),
    ("POST", "orders/<int:order_id>/cancel/"): Access("orders:write", 200),
    ("POST", "orders/<int:order_id>/confirm/"): Access("orders:write", 200),
    ("POST", "orders/<int:order_id>/ship/"): Access("orders:manage", 200),
    ("POST", "orders/<int:order_id>/deliver/"): Access("orders:manage", 409),  # not shipped yet
}
KEYED = {"idempotency_key": "once"}
PAID = {"amount": "1.00", "method": "cash"}
API |= {
    ("GET", "orders/<int:order_id>/payments/"): Access("payments:read", 200),
    ("POST", "orders/<int:order_id>/payments/"): Access("payments:write", 201, PAID, KEYED),
    ("GET", "orders/<int:order_id>/refunds/"): Access("payments:read", 200),
    ("POST", "orders/<int:order_id>/refunds/"): Access("payments:write", 201, PAID, KEYED),
    ("GET", "payments/"): Access("payments:read", 200),
    ("GET", "payments/export/"): Access("payments:read", 200),
}
SENT = {"lines": [{"sku": "MUG", "quantity": 1}]}
BACK = {"lines": [{"sku": "MUG", "quantity": 1, "restock": True}]}
API |= {
    ("GET", "orders/<int:order_id>/shipments/"): Access("orders:read", 200),
    ("POST", "orders/<int:order_id>/shipments/"): Access("orders:manage", 201, SENT, KEYED),
    ("GET", "orders/<int:order_id>/returns/"): Access("orders:read", 200),
    ("POST", "orders/<int:order_id>/returns/"): Access("orders:manage", 201, BACK, KEYED),
    ("GET", "shipments/"): Access("orders:read", 200),
    ("GET", "shipments/export/"): Access("orders:read", 200),
    ("GET", "shipments/<int:shipment_id>/"): Access("orders:read", 200),
    ("PATCH", "shipments/<int:shipment_id>/"): Access("orders:manage", 200, {"carrier": "DHL"}),
    ("POST", "shipments/<int:shipment_id>/deliver/"): Access("orders:manage", 200),
    ("GET", "returns/"): Access("orders:read", 200),
    ("GET", "returns/export/"): Access("orders:read", 200),
    ("GET", "returns/<int:return_id>/"): Access("orders:read", 200),
}
OPEN = {
    "",
    "favicon.ico",
    "livez",
    "readyz",
    "metrics",
    "problems/<slug:code>/",
    "api/schema/",
    "api/docs/",
    "console",
}
NOBODY = {
    None: "not_authenticated",
    "": "invalid_key",
    "Bearer": "invalid_key",
    "Bearer x": "invalid_key",
    "Basic dXNlcjpwYXNz": "invalid_key",
    "Bearer tp_" + "x" * 43: "invalid_key",
    "Bearer tp_" + "x" * 44: "invalid_key",
    "Bearer tp_" + "\xe9" * 43: "invalid_key",
}
OF_AN_ORDER = [key for key in API if "order_id" in key[1]]


def patterns(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for entry in resolver.url_patterns:
        path = f"{prefix}{entry.pattern}"
        if isinstance(entry, URLResolver):
            yield from patterns(entry, path)
        else:
            yield path, entry


def routes_of_others() -> Iterator[tuple[tuple[str, str], Access]]:
    """The routes of services that are not the shop's, as their views declare them."""
    for path, entry in patterns(get_resolver()):
        view: Any = entry.callback
        if path.startswith("api/v1/") and not is_of_shop(view.__module__):
            for method, scope in view.cls.scopes.items():
                yield (method, path.removeprefix("api/v1/")), Access(scope)


ROUTES = API | dict(routes_of_others())
PATHS = sorted({path for _, path in ROUTES})


def each(routes: Iterable[tuple[str, str]]) -> pytest.MarkDecorator:
    """Runs a test with the method and the path of each route."""
    named = [pytest.param(*route, id=" ".join(route)) for route in routes]
    return pytest.mark.parametrize(("method", "path"), named)


def send(api: Api, method: str, address: str, access: Access) -> Answer:
    """Send a valid request to a route."""
    if isinstance(access.body, str):
        return api.send(method, address, body=access.body.encode(), **access.headers)
    return api.send(method, address, access.body, **access.headers)


def methods(path: str) -> set[str]:
    """The methods of the view at a path below /api/v1/, without HEAD and OPTIONS."""
    view: Any = dict(patterns(get_resolver()))[f"api/v1/{path}"].callback
    names = {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"}
    return {name for name in names if hasattr(view.cls, name.lower())}


def endpoint(path: str, method: str) -> Endpoint:
    """The description of a view's method."""
    view: Any = dict(patterns(get_resolver()))[f"api/v1/{path}"].callback
    described: Endpoint = getattr(view.cls, method.lower()).endpoint
    return described


CREATING = [
    (method, path)
    for method, path in ROUTES
    if method == "POST" and endpoint(path, method).status == 201
]


@pytest.fixture
def url(make_api: MakeApi) -> Callable[[str], str]:
    """A function that puts the ids of a product and of a pending order of "shop" into a path.

    A part of the order is paid. Two of its three units are shipped, and one of them was returned.
    """
    product = Product.create_product("Blue Mug", "", "9.99", 100)
    product.sku = "MUG"
    product.save()
    shop = make_api("orders:write", "orders:manage", "payments:write")
    order = shop.post("orders/", {"product_id": product.pk, "quantity": 3})
    sent, back = (
        shop.post(f"orders/{order.json['id']}/{route}/", body, idempotency_key="before")
        for route, body in (
            ("shipments", {"lines": [{"sku": "MUG", "quantity": 2}]}),
            ("returns", BACK),
        )
    )
    paid = shop.post(f"orders/{order.json['id']}/payments/", PAID, idempotency_key="before")
    assert paid.status == 201

    def fill(path: str) -> str:
        path = path.replace("<int:product_id>", str(product.pk))
        path = path.replace("<int:order_id>", str(order.json["id"]))
        path = path.replace("<int:shipment_id>", str(sent.json["id"]))
        path = path.replace("<int:return_id>", str(back.json["id"]))
        path = re.sub(r"<int:\w+>", "1", path)
        return f"{path}?ids=1" if path.endswith("availability/") else path

    return fill


def test_every_route_has_an_entry() -> None:
    everything = {path for path, _ in patterns(get_resolver()) if not path.startswith("console/")}
    assert everything == OPEN | {f"api/v1/{path}" for path in PATHS}
    assert set(ROUTES) == {(method, path) for path in PATHS for method in methods(path)}


@each(ROUTES)
def test_nobody(url: Callable[[str], str], method: str, path: str) -> None:
    for authorization, code in NOBODY.items():
        api = Api()
        if authorization is not None:
            api.client.defaults["HTTP_AUTHORIZATION"] = authorization
        answer = send(api, method, url(path), ROUTES[method, path])
        assert answer.error == (401, code, {}), authorization
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'


@each(ROUTES)
def test_a_revoked_key(
    make_api: MakeApi, url: Callable[[str], str], method: str, path: str
) -> None:
    api = make_api(*known_scopes())
    revoke_key(key_id=ApiKey.objects.latest("pk").pk)
    answer = send(api, method, url(path), ROUTES[method, path])
    assert answer.error == (401, "invalid_key", {})


@each(ROUTES)
def test_each_scope_alone(
    make_api: MakeApi, url: Callable[[str], str], method: str, path: str
) -> None:
    expected = ROUTES[method, path]
    address = url(path)
    for scope in known_scopes().keys() - {expected.scope}:
        answer = send(make_api(scope), method, address, expected)
        assert answer.error == (403, "missing_scope", {}), scope
        assert answer.json["detail"] == f"This key lacks the scope {expected.scope}."
    status = send(make_api(expected.scope), method, address, expected).status
    assert status == expected.status or (expected.status is None and status not in {401, 403})


@each(ROUTES)
def test_all_scopes_but_the_one(
    make_api: MakeApi, url: Callable[[str], str], method: str, path: str
) -> None:
    expected = ROUTES[method, path]
    api = make_api(*known_scopes().keys() - {expected.scope})
    assert send(api, method, url(path), expected).error == (403, "missing_scope", {})


def takes_json(method: str, path: str) -> bool:
    return method in {"POST", "PUT", "PATCH"} and not isinstance(ROUTES[method, path].body, str)


@each(route for route in ROUTES if takes_json(*route))
def test_unknown_fields_are_refused_by_name(
    make_api: MakeApi, url: Callable[[str], str], method: str, path: str
) -> None:
    """Also where a request has no fields at all, such as shipping."""
    expected = ROUTES[method, path]
    api = make_api(*known_scopes())
    answer = api.send(method, url(path), {**(expected.body or {}), "no_such_field": 1})
    status, code, errors = answer.error
    assert (status, code) == (400, "invalid")
    assert errors["no_such_field"] == ["There is no such field."]
    if (method, path) in API and not expected.body:
        for body in (b"", b"{}"):
            assert api.send(method, url(path), body=body).status == expected.status


@each(OF_AN_ORDER)
def test_another_clients_order_is_as_if_it_did_not_exist(
    make_api: MakeApi, url: Callable[[str], str], method: str, path: str
) -> None:
    expected = API[method, path]
    other = make_api(*known_scopes().keys() - {"orders:manage"}, client="other")
    answer = send(other, method, url(path), expected)
    if expected.scope == "orders:manage":
        assert answer.error == (403, "missing_scope", {})
    else:
        assert answer.error == (404, "not_found", {})
        missing = path.replace("<int:order_id>", "999999")
        assert answer.content == send(other, method, missing, expected).content
    order = url("orders/<int:order_id>/")
    assert make_api("orders:read").get(order).headers["ETag"] == '"4"'  # unchanged


@each(OF_AN_ORDER)
def test_who_manages_orders_reaches_every_clients(
    make_api: MakeApi, url: Callable[[str], str], method: str, path: str
) -> None:
    expected = API[method, path]
    manager = make_api(expected.scope, "orders:manage", client="other")
    assert send(manager, method, url(path), expected).status == expected.status


def test_the_list_of_orders_shows_a_client_its_own(
    make_api: MakeApi, url: Callable[[str], str]
) -> None:
    order_id = int(url("<int:order_id>"))
    listed = {
        name: [order["id"] for order in api.get("orders/").json["results"]]
        for name, api in {
            "owner": make_api("orders:read"),
            "other": make_api("orders:read", client="other"),
            "manager": make_api("orders:read", "orders:manage", client="other"),
        }.items()
    }
    assert listed == {"owner": [order_id], "other": [], "manager": [order_id]}


@pytest.mark.parametrize("path", [path for method, path in API if method == "GET"])
def test_head_is_get_without_a_body(
    make_api: MakeApi, url: Callable[[str], str], path: str
) -> None:
    scope = API["GET", path].scope
    get, head = (make_api(scope).send(method, url(path)) for method in ("GET", "HEAD"))
    assert (head.status, head.content) == (200, b"")
    # The length of an export is unknown until it ends.
    length = None if path.endswith("export/") else str(len(get.content))
    assert head.headers.get("Content-Length") == length
    assert make_api(*known_scopes().keys() - {scope}).send("HEAD", url(path)).status == 403
    assert Api().send("HEAD", url(path)).status == 401


@pytest.mark.parametrize("path", PATHS)
def test_options_and_other_methods_name_those_allowed(
    make_api: MakeApi, url: Callable[[str], str], path: str
) -> None:
    offered = methods(path)
    allow = offered | {"OPTIONS"} | ({"HEAD"} if "GET" in offered else set())
    api = make_api("orders:price")  # a scope that no route requires
    options = api.send("OPTIONS", url(path))
    assert (options.status, options.content) == (200, b"")
    assert set(options.headers["Allow"].split(", ")) == allow
    assert Api().send("OPTIONS", url(path)).status == 401
    for method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "LINK"} - allow:
        answer = api.send(method, url(path))
        assert answer.status == 405, method
        assert set(answer.headers["Allow"].split(", ")) == allow
        assert method == "HEAD" or answer.error == (405, "method_not_allowed", {})


@each(CREATING)
def test_what_creates_takes_an_idempotency_key(
    make_api: MakeApi, url: Callable[[str], str], method: str, path: str
) -> None:
    """Routes of other services are only asked whether they declare it; their bodies are unknown."""
    assert endpoint(path, method).idempotent
    if (method, path) in API:
        api = make_api(API[method, path].scope)
        keyed = API[method, path]._replace(headers={"idempotency_key": "again"})
        first, again = (send(api, method, url(path), keyed) for _ in range(2))
        assert (again.status, again.content) == (201, first.content)
        assert again.headers["Idempotent-Replayed"] == "true"


def test_a_key_gets_no_scope_that_a_shop_front_does_not_need(make_api: MakeApi) -> None:
    api = make_api()
    assert ApiKey.objects.get().scopes == ["orders:read", "orders:write", "products:read"]
    assert api.post("products/", {"name": "Cup", "price": "1.00"}).status == 403
    assert api.post("stock/", {"movements": [{"sku": "MUG", "counted": 1}]}).status == 403
    assert api.get("products/").status == api.get("orders/").status == 200


@pytest.mark.parametrize("path", ["", "livez", "readyz", "api/schema/", "api/docs/"])
def test_open_pages_need_no_key(db: None, path: str) -> None:
    assert Api().get(f"/{path}", accept="*/*").status == 200


@pytest.mark.django_db(transaction=True)
def test_the_use_of_a_key_is_noted(api: Api) -> None:
    assert ApiKey.objects.get().last_used_at is None
    before = datetime.now(UTC)
    api.get("products/")
    noted = ApiKey.objects.get().last_used_at
    assert noted is not None
    assert before <= noted <= datetime.now(UTC)
    api.get("products/")
    assert ApiKey.objects.get().last_used_at == noted
