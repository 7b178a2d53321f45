import re
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from pytest_django import DjangoAssertNumQueries

from apps.accounts import operations
from apps.accounts.keys import is_well_formed
from apps.accounts.models import ApiKey, Client
from apps.accounts.scopes import default_scopes

pytestmark = pytest.mark.django_db


def run(*args: str) -> tuple[str, str]:
    """What a command writes to standard output and to standard error."""
    out, err = StringIO(), StringIO()
    call_command(*args, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def cells(row: str) -> list[str]:
    return re.split(r" {2,}", row)


def test_createkey_prints_the_key_alone() -> None:
    out, err = run("createkey", "shop")
    secret = out.removesuffix("\n")
    assert is_well_formed(secret)
    key = ApiKey.objects.for_secret(secret).get()
    assert (key.client.name, key.scopes) == ("shop", sorted(default_scopes()))
    assert err == f"Key {key.id} for shop: {', '.join(key.scopes)}\n"


def test_createkey_grants_each_scope_that_is_named() -> None:
    run("createkey", "shop", "--scope", "things:manage", "--scope=things:read")
    assert ApiKey.objects.get().scopes == ["things:manage", "things:read"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["shop", "--scope", "things:eat"], r"Unknown scope 'things:eat'; .*things:read"),
        ([""], "1 to 100 printable characters, not ''"),
    ],
)
def test_createkey_says_what_is_wrong_and_makes_nothing(args: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        run("createkey", *args)
    assert (Client.objects.count(), ApiKey.objects.count()) == (0, 0)


def test_listkeys_shows_a_table(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    first = operations.issue_key(client_name="shop", scopes=["things:read", "things:write"])
    second = operations.issue_key(client_name="a longer name", scopes=[])
    morning, noon = datetime(2026, 1, 2, 8, tzinfo=UTC), datetime(2026, 1, 2, 12, 30, tzinfo=UTC)
    ApiKey.objects.update(created_at=morning)
    ApiKey.objects.filter(id=second.key.id).update(last_used_at=noon, revoked_at=noon)
    with django_assert_num_queries(1):
        out, err = run("listkeys")
    assert err == ""
    heading, *rows = out.splitlines()
    assert cells(heading) == ["ID", "CLIENT", "KEY", "SCOPES", "CREATED", "LAST USED", "REVOKED"]
    prefix = f"{first.secret[:8]}…"
    scopes = "things:read things:write"
    created = "2026-01-02 08:00"
    assert cells(rows[0]) == [str(first.key.id), "shop", prefix, scopes, created, "-", "-"]
    prefix = f"{second.secret[:8]}…"
    used = revoked = "2026-01-02 12:30"
    expected = [str(second.key.id), "a longer name", prefix, "-", created, used, revoked]
    assert cells(rows[1]) == expected
    assert {row.index(created) for row in rows} == {heading.index("CREATED")}


def test_listkeys_shows_the_headings_where_there_are_no_keys() -> None:
    assert run("listkeys") == ("ID  CLIENT  KEY  SCOPES  CREATED  LAST USED  REVOKED\n", "")


def test_revokekey_takes_an_id() -> None:
    key = operations.issue_key(client_name="shop").key
    out, err = run("revokekey", str(key.id))
    assert (out, err) == ("", f"Key {key.id} of shop is revoked.\n")
    assert not ApiKey.objects.active().exists()


@pytest.mark.parametrize("ending", ["", "…"])
def test_revokekey_takes_the_prefix_as_listkeys_shows_it(ending: str) -> None:
    key = operations.issue_key(client_name="shop").key
    run("revokekey", key.prefix + ending)
    assert not ApiKey.objects.active().exists()


def test_revokekey_refuses_a_prefix_that_several_keys_share() -> None:
    secrets = [f"tp_same-{last * 38}" for last in "ab"]
    ids = [operations.issue_key(client_name="shop", secret=s).key.id for s in secrets]
    with pytest.raises(CommandError, match=f"one of the ids {ids[0]}, {ids[1]}"):
        run("revokekey", "tp_same-")
    assert ApiKey.objects.active().count() == 2


@pytest.mark.parametrize("unknown", ["", "0", "tp_", "TP_ABCDE", "9" * 18, "9" * 5000, "-", "…"])
def test_revokekey_refuses_what_it_does_not_know(unknown: str) -> None:
    operations.issue_key(client_name="shop", secret="tp_abcde" + "f" * 38)
    with pytest.raises(CommandError, match="There is no key"):
        run("revokekey", unknown)
    assert ApiKey.objects.active().count() == 1


@pytest.mark.parametrize("command", ["createkey", "listkeys", "revokekey"])
def test_each_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        call_command(command, "--help")
    assert exit_.value.code == 0
    assert f"{command} [-h]" in capsys.readouterr().out
