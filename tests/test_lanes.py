"""Both lanes of the ASGI front send the same response to the same request."""

import asyncio
import gzip
import json
import re
from typing import Any, NamedTuple

import pytest
from django.test import override_settings

from apps.accounts.operations import issue_key, revoke_key
from apps.accounts.scopes import known_scopes
from apps.orders.models import Order
from apps.products.models import StockMovement
from apps.products.operations import archive_product, create_product
from monoservices.server.asgi import Scope
from monoservices.server.hot_batches import HEAVIEST
from tests.asgi import Reply, http_scope, with_hyphens
from tests.bad_input.bodies import BODIES
from tests.bad_input.orders import ORDERS
from tests.bad_input.requests import HEADERS
from tests.lanes import on_both
from tests.test_bad_input import body_of

ADDRESS = "/api/v1/orders/"
BAD = {
    f"{table}: {name}": case
    for table, cases in {"bodies": BODIES, "headers": HEADERS, "orders": ORDERS}.items()
    for name, case in cases.items()
    if case.request == "POST orders/" and "<order>" not in str(case.body)  # there is no order
}
UNKNOWN = "tp_" + "x" * 43

pytestmark = pytest.mark.django_db(transaction=True)


class Sent(NamedTuple):
    """A request. headers: further ones, and those that replace the usual ones; None leaves out.

    again: a header to send once more.
    """

    body: Any
    headers: dict[str, str | None] = {}
    query: str = ""
    scheme: str = "http"
    key: str = "all"
    again: tuple[str, str] | None = None


class Shop:
    """The products of one lane, and the keys of its client. ids, secrets: by name."""

    def __init__(self, lane: str) -> None:
        self.lane = lane
        mug = create_product(sku=f"{lane}-MUG", name="Mug", price="9.99", stock_quantity=8)
        cup = create_product(sku=f"{lane}-CUP", name="Cup", price="0.10", stock_quantity=5)
        old = create_product(sku=f"{lane}-OLD", name="Old", price="1", stock_quantity=5)
        archive_product(product_id=old.pk)
        self.ids = {"mug": mug.pk, "cup": cup.pk, "old": old.pk}
        every = set(known_scopes())
        scopes = {"all": every, "reads": every - {"orders:write"}, "no price": {"orders:write"}}
        self.secrets = {"unknown": UNKNOWN, "malformed": "x"}
        for name, granted in scopes.items():
            self.secrets[name] = issue_key(client_name=lane, scopes=granted).secret
        revoked = issue_key(client_name=lane, scopes=every)
        revoke_key(key_id=revoked.key.pk)
        self.secrets["revoked"] = revoked.secret

    def request(self, sent: Sent) -> tuple[Scope, bytes]:
        """Adapt a request to this lane's products and keys."""
        body = sent.body if isinstance(sent.body, bytes) else json.dumps(sent.body).encode()
        body = body.replace(b"<lane>", self.lane.encode())
        for name, key in self.ids.items():
            body = body.replace(f'"<{name}>"'.encode(), b"%d" % key)
        usual = {
            "content_type": "application/json",
            "content_length": str(len(body)),
            "authorization": f"Bearer {self.secrets[sent.key]}",
        }
        named = {name: text for name, text in (usual | sent.headers).items() if text is not None}
        headers = [*with_hyphens(named).items(), *([sent.again] if sent.again else [])]
        return http_scope("POST", ADDRESS, headers, query=sent.query, scheme=sent.scheme), body

    def masked(self, reply: Reply) -> Reply:
        """The reply without what is this lane's own, and without what names this moment."""
        # Django's own answers to what it refuses before any view have none.
        assert int(reply.headers.get("content-length", len(reply.body))) == len(reply.body)
        body = re.sub(rb'("(?:product_)?id"):\d+', rb"\1:0", reply.body)
        body = re.sub(rb'("(?:created|updated)_at"):"[^"]+"', rb'\1:""', body)
        headers = {name: text for name, text in reply.headers.items() if name != "content-length"}
        return Reply(reply.status, headers, body.replace(self.lane.encode(), b"LANE"))

    def movements(self) -> list[tuple[Any, ...]]:
        """The stock of its products."""
        movements = StockMovement.objects.filter(product__in=self.ids.values()).order_by("pk")
        return list(movements.values_list("product__name", "delta", "quantity_after", "reason"))


MUG = {"product_id": "<mug>", "quantity": 1}
DETAILS = {
    "reference": "Grüße \U0001f600",
    "customer_email": "ada@example.com",
    "shipping_address": {"city": "Köln", "lines": ["a", None, 1.5]},
    "metadata": {"a": {"b": [1, True]}},
}


def line(name: str, quantity: int = 1, **fields: Any) -> dict[str, Any]:
    return {"sku": f"<lane>-{name}", "quantity": quantity} | fields


def on_express(*sent: Sent, status: int = 201) -> tuple[list[Sent], list[tuple[str, int]]]:
    """Requests whose last one gets `status`, and the earlier ones 201."""
    return list(sent), [("express", 201)] * (len(sent) - 1) + [("express", status)]


def on_django(sent: Sent, status: int = 201) -> tuple[list[Sent], list[tuple[str, int]]]:
    return [sent], [("django", status)]


SCENARIOS = {
    "short form": on_express(Sent(MUG)),
    "lines by id and SKU": on_express(
        Sent({"lines": [line("MUG", 2), {"product_id": "<cup>", "quantity": 3}]})
    ),
    "the same product twice": on_express(Sent({"lines": [line("MUG", 4), line("MUG", 4)]})),
    "all details": on_express(Sent(MUG | DETAILS)),
    "an empty detail": on_express(Sent(MUG | {"reference": "", "metadata": {}})),
    "unit price": on_express(Sent({"lines": [line("MUG", unit_price="5.00")]})),
    "unit price without the scope": on_django(
        Sent({"lines": [line("MUG", unit_price="5.00")]}, key="no price"), 403
    ),
    "charges and taxes": on_express(
        Sent(
            {
                "lines": [line("MUG", 2, tax_rate="19", tax_amount="3.19"), line("CUP")],
                "charges": [
                    {"type": "shipping", "label": "Grüße", "amount": "4.9", "tax_rate": None},
                    {"type": "discount", "amount": "-0.00", "tax_amount": "-0.5"},
                ],
            }
        )
    ),
    "a discount without the scope": on_django(
        Sent(MUG | {"charges": [{"type": "discount", "amount": "-1.00"}]}, key="no price"), 403
    ),
    "a discount beyond the total": on_express(
        Sent(MUG | {"charges": [{"type": "discount", "amount": "-10.00"}]}), status=400
    ),
    "expected total": on_express(Sent(MUG | {"expected_total": "9.99"})),
    "another total": on_express(Sent(MUG | {"expected_total": "9.98"}), status=409),
    "out of stock": on_express(Sent(MUG | {"quantity": 9}), status=409),
    "out of stock after others": on_express(
        *(Sent({"lines": [line("CUP", 3)]}) for _ in range(2)), status=409
    ),
    "archived": on_express(Sent({"product_id": "<old>", "quantity": 1}), status=409),
    "unknown product": on_express(Sent({"product_id": 999_999, "quantity": 1}), status=400),
    "replayed": on_express(*(Sent(MUG, {"idempotency_key": "k 1~"}) for _ in range(3))),
    "replayed in other words": on_express(
        Sent(MUG, {"idempotency_key": "k"}),
        Sent(b' {"quantity":1,"product_id":"<mug>"} ', {"idempotency_key": "k"}),
    ),
    "replayed with the last unit gone": on_express(
        *(Sent(MUG | {"quantity": 8}, {"idempotency_key": "k"}) for _ in range(2))
    ),
    "key reused": on_express(
        Sent(MUG, {"idempotency_key": "k"}),
        Sent(MUG | {"quantity": 2}, {"idempotency_key": "k"}),
        status=422,
    ),
    "empty key": on_django(Sent(MUG, {"idempotency_key": ""}), 400),
    "as many lines as a batch takes": on_express(
        Sent({"lines": [line("MUG")] * HEAVIEST}), status=409
    ),
    "more lines than a batch takes": on_django(
        Sent({"lines": [line("MUG")] * (HEAVIEST + 1)}), 409
    ),
    "no scope": on_django(Sent(MUG, key="reads"), 403),
    "no scope and a bad body": on_django(Sent(b"{", key="reads"), 403),
    "no Authorization": on_django(Sent(MUG, {"authorization": None}), 401),
    "empty Authorization": on_django(Sent(MUG, {"authorization": ""}), 401),
    "malformed key": on_django(Sent(MUG, key="malformed"), 401),
    "scheme in other case": on_express(
        Sent(MUG, {"authorization": f"bEARER  {UNKNOWN}"}), status=401
    ),
    "another scheme": on_django(Sent(MUG, {"authorization": "Basic dXNlcjpwYXNz"}), 401),
    "Latin key": on_django(Sent(MUG, {"authorization": "Bearer tp_" + "\xe9" * 43}), 401),
    "unknown key": on_express(Sent(MUG, key="unknown"), status=401),
    "unknown key and a bad body": on_express(Sent(b"{", key="unknown"), status=401),
    "revoked key": on_express(Sent(MUG, key="revoked"), status=401),
    "Accept of JSON": on_express(Sent(MUG, {"accept": "application/json"})),
    "Accept of all": on_express(Sent(MUG, {"accept": "*/*"})),
    "Accept with weights": on_django(Sent(MUG, {"accept": "text/html, application/json;q=0.5"})),
    "Accept of HTML": on_django(Sent(MUG, {"accept": "text/html"}), 406),
    "Accept of HTML with an unknown key": on_django(
        Sent(MUG, {"accept": "text/html"}, key="unknown"), 406
    ),
    "Accept, empty": on_django(Sent(MUG, {"accept": ""}), 406),
    "a Host that is not ours": on_django(Sent(MUG, {"host": "evil.example"}), 400),
    "a Host that is none": on_django(Sent(MUG, {"host": "local\xe9host"}), 400),
    "a Host with port": on_express(Sent(MUG, {"host": "LocalHost:8000"})),
    "a Host with a dot": on_express(Sent(MUG, {"host": "localhost."})),
    "Host twice": on_django(Sent(MUG, {"host": "localhost"}, again=("host", "localhost")), 400),
    "key twice": on_django(Sent(MUG, {"idempotency_key": "a"}, again=("idempotency-key", "b"))),
    "Authorization twice": on_django(Sent(MUG, again=("authorization", f"Bearer {UNKNOWN}")), 401),
    "Content-Type twice": on_django(Sent(MUG, again=("content-type", "application/json")), 415),
    "a header with underscore": on_express(Sent(MUG, again=("idempotency_key", "\xe9"))),
    "charset": on_django(Sent(MUG, {"content_type": "application/json; charset=utf-16"})),
    "Content-Type in capitals": on_django(Sent(MUG, {"content_type": "Application/JSON"})),
    "no Content-Type": on_django(Sent(MUG, {"content_type": None}), 415),
    "gzip": on_django(Sent(gzip.compress(b"{}"), {"content_encoding": "gzip"}), 415),
    "said to be gzip": on_django(Sent(MUG, {"content_encoding": "gzip"}), 415),
    "identity": on_django(Sent(MUG, {"content_encoding": "Identity"})),
    "gzip with an unknown key": on_django(
        Sent(MUG, {"content_encoding": "gzip"}, key="unknown"), 401
    ),
    "query string": on_django(Sent(MUG, query="a=%FF&a=1")),
    "no length and no body": on_django(Sent(b"", {"content_length": None}), 400),
    "a session's cookie": on_django(Sent(MUG, {"cookie": "sessionid=x"})),
    "another method in a header": on_express(Sent(MUG, {"x_http_method_override": "GET"})),
    "chunked": on_express(Sent(MUG, {"content_length": None, "transfer_encoding": "chunked"})),
}


HTTPS_SETTINGS = {
    "SECURE_SSL_REDIRECT": True,
    "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https"),
    "SECURE_HSTS_SECONDS": 3600,
}
HTTPS = {
    f"{scheme}, forwarded {forwarded}": (
        [Sent(MUG, {"x_forwarded_proto": forwarded}, scheme=scheme)],
        [(lane, status)],
    )
    for scheme, forwarded, lane, status in [
        ("http", None, "django", 403),
        ("http", "http", "django", 403),
        ("http", "https", "express", 201),
        ("http", "https, http", "django", 201),
        ("https", None, "express", 201),
        ("https", "http", "django", 403),
        ("https", "https", "express", 201),
    ]
}
HSTS_SETTINGS = HTTPS_SETTINGS | {"SECURE_SSL_REDIRECT": False}
HSTS = {
    f"{scheme}, forwarded {forwarded}": (
        [Sent(MUG, {"x_forwarded_proto": forwarded}, scheme=scheme)],
        [(lane, 201)],
    )
    for scheme, forwarded, lane in [
        ("http", None, "express"),
        ("https", None, "express"),
        ("http", "https", "express"),
        ("https", "http", "express"),
        ("http", "https, http", "django"),
    ]
}


@pytest.mark.parametrize(
    ("settings_now", "scenarios"),
    [({}, SCENARIOS), (HTTPS_SETTINGS, HTTPS), (HSTS_SETTINGS, HSTS)],
    ids=["over HTTP", "over HTTPS", "over both"],
)
def test_the_lanes_agree(
    settings_now: dict[str, Any], scenarios: dict[str, tuple[list[Sent], list[tuple[str, int]]]]
) -> None:
    ours = {name: Shop(f"EXPR{number}") for number, name in enumerate(scenarios)}
    theirs = {name: Shop(f"DJAN{number}") for number, name in enumerate(scenarios)}
    named = [(name, each) for name, (sent, _) in scenarios.items() for each in sent]
    with override_settings(**settings_now):
        pairs = asyncio.run(
            on_both(
                [ours[name].request(each) for name, each in named],
                [theirs[name].request(each) for name, each in named],
            )
        )
    taken: dict[str, list[tuple[str, int]]] = {name: [] for name in scenarios}
    for (name, _), (fast, slow, chosen) in zip(named, pairs, strict=True):
        assert ours[name].masked(fast) == theirs[name].masked(slow), name
        taken[name].append((chosen, fast.status))
    assert taken == {name: expected for name, (_, expected) in scenarios.items()}
    for name in scenarios:
        assert ours[name].movements() == theirs[name].movements(), name


def test_the_lanes_refuse_the_same() -> None:
    shop = Shop("SHOP")
    mug = create_product(sku="MUG", name="Mug", price="9.99", stock_quantity=5).pk
    gold = create_product(sku="GOLD", name="Gold", price="99999999.99", stock_quantity=2**31 - 1)
    archive_product(product_id=create_product(sku="OLD", name="Old", price="1").pk)
    ids = {"mug": mug, "gold": gold.pk}
    requests = [shop.request(Sent(body_of(case, ids), dict(case.headers))) for case in BAD.values()]
    pairs = dict(zip(BAD, asyncio.run(on_both(requests, requests)), strict=True))
    for name, (fast, slow, _) in pairs.items():
        # This one is refused before it is asked whether the connection can be kept.
        fast.headers.pop("connection", None)
        assert masked_fault(fast) == masked_fault(slow), name
    assert {name: fast.status for name, (fast, _, _) in pairs.items()} == {
        name: case.status for name, case in BAD.items()
    }
    assert Order.objects.count() == 0


def masked_fault(reply: Reply) -> tuple[int, dict[str, str], Any]:
    """What is compared of a refusal; of 413, which no view has seen, its own headers alone."""
    headers = reply.headers
    if reply.status == 413:
        headers = {name: headers[name] for name in ("content-type", "content-length")}
    return reply.status, headers, reply.body


def test_an_order_of_one_lane_is_replayed_on_the_other() -> None:
    shop = Shop("SHOP")
    keys = ("of express", "of Django")
    fast, slow = (
        [shop.request(Sent(MUG, {"idempotency_key": key})) for key in keys[::step]]
        for step in (1, -1)
    )
    pairs = asyncio.run(on_both([*fast, *fast], [*slow, *slow]))
    (ours, theirs, _), (their_replay, our_replay, _), *_ = pairs
    assert (ours.body, theirs.body) == (our_replay.body, their_replay.body)
    replayed = [[reply.headers.get("idempotent-replayed") for reply in pair[:2]] for pair in pairs]
    assert replayed == [[None, None]] + [["true", "true"]] * 3
    assert Order.objects.count() == 2
