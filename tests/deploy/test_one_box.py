"""One box by the guide, and a container by the Containerfile: from nothing to HTTPS, and through
the nights and upgrades after that.

A bare Debian gets what the guide says, and boots with systemd, PostgreSQL and nginx. The same
story is then told of the unit, and of a container in the network of that machine. The tests of a
story go on where the one before has stopped.
"""

import json
import time
from collections import Counter

from tests.deploy.conftest import NEXT
from tests.deploy.machines import Machine
from tests.deploy.running import BACKUPS, Container, Running
from tests.deploy.shopping import NAME, SHOP_FRONT, Answer, Crowd, Site, exchange

STRANGER = "127.0.0.3"
"""An address that nginx limits."""
SHOPPERS = 24


def stored(machine: Machine, running: Running) -> dict[str, str]:
    """The first answers to all orders, by idempotency key, as PostgreSQL has them."""
    sql = "SELECT coalesce(json_object_agg(idempotency_key, first_answer), '{}') FROM orders_order"
    psql = f'psql --tuples-only --no-align --dbname {running.database} --command "{sql}"'
    answers: dict[str, str] = json.loads(machine.run(f"cd /; runuser --user postgres -- {psql}"))
    return answers


def a_product(site: Site, stock: int) -> int:
    product = {"name": "Blue Mug", "price": "9.99", "stock_quantity": stock}
    answer = site.send("POST", "/api/v1/products/", product)
    assert answer.status == 201, answer.body
    return int(answer.json["id"])


def test_it_answers_over_https(machine: Machine, site: Site) -> None:
    health = machine.call(lambda: site.send("GET", "/readyz"))
    assert health.status == 200
    page = machine.call(lambda: Site(site.certificate).send("GET", "/console/login/"))
    assert page.status == 200
    assert page.headers["strict-transport-security"] == "max-age=31536000"


def test_an_order_is_placed(machine: Machine, running: Running, site: Site) -> None:
    def buy() -> None:
        product_id = a_product(site, 3)
        order = {"product_id": product_id, "quantity": 2}
        placed = site.send("POST", "/api/v1/orders/", order, headers={"Idempotency-Key": "first"})
        assert placed.status == 201
        assert stored(machine, running) == {"first": placed.body.decode()}

    machine.call(buy)


def test_it_may_write_nothing(running: Running) -> None:
    temporary = r"\( -path /dev -o -path /tmp -o -path /var/tmp \) -prune"
    find = rf"find / -xdev {temporary} -o -writable \( -type d -o -type f \) -print 2> /dev/null"
    backups = [BACKUPS] if isinstance(running, Container) else []
    assert running.look(f"{find} || true").split() == backups


def test_plain_http_is_refused_or_redirected(machine: Machine, site: Site) -> None:
    def ask(client: Site, path: str, headers: dict[str, str]) -> Answer:
        return machine.call(lambda: client.send("GET", path, tls=False, headers=headers))

    for forged in ({}, {"X-Forwarded-Proto": "https"}):
        refused = ask(site, "/api/v1/orders/", forged)
        assert (refused.status, refused.json["code"]) == (403, "https_required")
        page = ask(Site(site.certificate), "/console/login/", forged)
        assert (page.status, page.headers["location"]) == (301, f"https://{NAME}/console/login/")


def test_what_nginx_refuses(machine: Machine, site: Site) -> None:
    def ask(method: str, path: str, size: int, secret: str = site.secret) -> tuple[int, str]:
        headers = {"Content-Type": "text/csv"} if size else {}
        client = Site(site.certificate, secret)
        answer = machine.call(lambda: client.send(method, path, b" " * size, headers=headers))
        is_problem = answer.headers["content-type"] == "application/problem+json"
        return answer.status, answer.json["code"] if is_problem else ""

    mib = 1024 * 1024
    assert ask("GET", "/metrics", 0) == (404, "")
    assert ask("POST", "/api/v1/orders/", mib + 1) == (413, "too_large")
    assert ask("POST", "/api/v1/products/import/", 64 * mib + 1) == (413, "too_large")
    # Tradepost closes the connection, which nginx may notice before it reads the answer.
    refused = {(401, "not_authenticated"), (503, "outcome_unknown")}
    assert ask("POST", "/api/v1/products/import/", 8 * mib, "") in refused
    assert ask("POST", "/api/v1/products/import/", 1000, "") == (401, "not_authenticated")


def test_addresses_have_limits(machine: Machine, running: Running, site: Site) -> None:
    """Without Tradepost, nginx answers faster than its limits allow, however slow the machine."""

    def requests(method: str, path: str, address: str) -> Counter[int | str]:
        def send() -> Counter[int | str]:
            connection = site.connect(address)
            answers = [exchange(connection, site.secret, method, path) for _ in range(400)]
            connection.close()
            return Counter(each.json["code"] if "api" in path else each.status for each in answers)

        return machine.call(send)

    running.stop()
    orders = "/api/v1/orders/"
    assert requests("POST", orders, SHOP_FRONT) == {"outcome_unknown": 400}
    assert requests("POST", orders, STRANGER)["unavailable"] > 0
    assert requests("POST", "/console/login/", STRANGER)[429] > 300
    assert requests("GET", "/readyz", STRANGER) == {502: 400}
    running.start()


def test_sigterm_under_load(machine: Machine, running: Running, site: Site) -> None:
    before = stored(machine, running).keys()

    def stop_under_load() -> tuple[Crowd, float]:
        crowd = Crowd(site, a_product(site, 1_000_000))
        with crowd.ordering(SHOPPERS):
            wait_for_orders(crowd, 300)
            began = time.monotonic()
            running.stop()
            took = time.monotonic() - began
        return crowd, took

    crowd, took = machine.call(stop_under_load)
    now = {key: answer for key, answer in stored(machine, running).items() if key not in before}
    assert took < 10
    assert crowd.refused == []
    assert {key: body.decode() for key, body in crowd.acknowledged.items()} == now
    assert crowd.unknown  # from the moment of the stop on
    running.start()
    assert running.manage("reconcile").endswith("The books are right.\n")


def wait_for_orders(crowd: Crowd, count: int) -> None:
    end = time.monotonic() + 60
    while len(crowd.acknowledged) < count:
        assert time.monotonic() < end, crowd
        time.sleep(0.02)


def test_upgrade(machine: Machine, running: Running, site: Site) -> None:
    before = stored(machine, running)
    running.upgrade()
    assert NEXT in running.manage("showmigrations", "products")
    assert machine.call(lambda: site.send("GET", "/readyz?writes=1")).status == 200
    assert stored(machine, running) == before
    running.manage("migrate", "--check")


def test_the_backup_of_last_night_in_an_empty_machine(
    machine: Machine, running: Running, site: Site
) -> None:
    file = running.back_up()
    before = stored(machine, running)
    running.restore(file)
    assert stored(machine, running) == before
    assert running.manage("reconcile").endswith("The books are right.\n")
    key, answer = min(before.items())
    (line,) = json.loads(answer)["lines"]
    order = {"product_id": line["product_id"], "quantity": line["quantity"]}
    headers = {"Idempotency-Key": key}
    again = machine.call(lambda: site.send("POST", "/api/v1/orders/", order, headers=headers))
    assert (again.status, again.body.decode()) == (201, answer)
