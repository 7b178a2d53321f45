import re
from collections.abc import Callable

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.test import Client as Browser
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from apps.accounts import operations
from apps.accounts.models import ApiKey, Client, User
from apps.accounts.scopes import default_scopes

pytestmark = pytest.mark.django_db

ADD = "admin:accounts_apikey_add"
LIST = "admin:accounts_apikey_changelist"


@pytest.fixture
def key() -> ApiKey:
    return operations.issue_key(client_name="shop", scopes=["things:read"]).key


def pages(key: ApiKey) -> list[str]:
    """The staff pages of this service."""
    views = ("changelist", "add", "change", "history")
    models = {"user": views, "apikey": (*views, "revoke"), "client": ("changelist", "change")}
    key_ids = {"apikey": key.id, "client": key.client_id, "user": User.objects.latest("id").id}
    return [
        reverse(
            f"admin:accounts_{model}_{view}",
            args=[] if view in ("changelist", "add") else [key_ids[model]],
        )
        for model, model_views in models.items()
        for view in model_views
    ]


def test_every_page_opens_for_a_superuser(admin_client: Browser, key: ApiKey) -> None:
    opened = {page: admin_client.get(page).status_code for page in pages(key)}
    assert set(opened.values()) == {200}
    assert len(opened) == 11


def test_no_page_opens_without_a_sign_in_or_a_permission(
    staff: Callable[..., Browser], key: ApiKey
) -> None:
    somebody = staff()
    assert {somebody.get(page).status_code for page in pages(key)} == {403}
    nobody = Browser()
    for page in pages(key):
        assert nobody.get(page).headers["Location"].startswith(reverse("admin:login"))


def test_no_page_shows_a_digest(admin_client: Browser, key: ApiKey) -> None:
    for page in pages(key):
        assert key.digest not in admin_client.get(page).content.decode()


def test_the_list_of_clients_counts_active_keys(admin_client: Browser, key: ApiKey) -> None:
    operations.revoke_key(key_id=operations.issue_key(client_name="shop").key.id)
    page = admin_client.get(reverse("admin:accounts_client_changelist")).content.decode()
    assert re.findall(r'field-active_keys">(\d+)<', page) == ["1"]


@pytest.mark.parametrize("model", ["client", "apikey"])
def test_the_number_of_statements_of_a_list_does_not_grow(
    admin_client: Browser, django_assert_num_queries: DjangoAssertNumQueries, model: str
) -> None:
    for name in "abc":
        operations.issue_key(client_name=name)
    with django_assert_num_queries(5):  # session, user, two counts, the page
        admin_client.get(reverse(f"admin:accounts_{model}_changelist"))


def test_the_form_offers_every_scope_with_the_defaults_ticked(admin_client: Browser) -> None:
    page = admin_client.get(reverse(ADD)).content.decode()
    boxes = re.findall(r'<input type="checkbox" name="scopes" value="([^"]+)"([^>]*)>', page)
    assert "things:manage" in [scope for scope, _ in boxes]
    assert [scope for scope, attrs in boxes if "checked" in attrs] == default_scopes()


def test_a_new_key_is_shown_once_and_kept_nowhere(admin_client: Browser) -> None:
    data = {"client_name": "shop", "scopes": ["things:read", "things:manage"]}
    answer = admin_client.post(reverse(ADD), data)
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    secret = re.findall(r"tp_[\w-]{43}", answer.content.decode())
    key = ApiKey.objects.for_secret(*secret).get()
    assert (key.client.name, key.scopes) == ("shop", ["things:manage", "things:read"])

    sessions = [row.get_decoded() for row in Session.objects.all()]
    rows = [*LogEntry.objects.values_list(), *ApiKey.objects.values_list()]
    assert secret[0] not in f"{sessions} {rows} {answer.cookies}"
    for page in pages(key):
        assert secret[0] not in admin_client.get(page).content.decode()
    entry = LogEntry.objects.get()
    assert (entry.object_id, entry.get_change_message()) == (str(key.id), "Added.")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "This field is required."),
        ({"client_name": "shop", "scopes": []}, "This field is required."),
        ({"client_name": "shop", "scopes": ["things:eat"]}, "things:eat is not one of the"),
        ({"client_name": "a" * 101, "scopes": ["things:read"]}, "1 to 100 printable characters"),
        ({"client_name": "a\x00b", "scopes": ["things:read"]}, "Null characters"),
    ],
)
def test_a_wrong_form_says_why_and_makes_nothing(
    admin_client: Browser, data: dict[str, str | list[str]], message: str
) -> None:
    answer = admin_client.post(reverse(ADD), data)
    assert answer.status_code == 200
    assert message in answer.content.decode()
    assert (Client.objects.count(), ApiKey.objects.count(), LogEntry.objects.count()) == (0, 0, 0)


def test_issuing_needs_the_permission_to_add_keys(staff: Callable[..., Browser]) -> None:
    browser = staff("view_apikey", "change_apikey", "delete_apikey", "add_client")
    data = {"client_name": "shop", "scopes": ["things:read"]}
    assert browser.post(reverse(ADD), data).status_code == 403
    assert ApiKey.objects.count() == 0


def test_issuing_needs_a_csrf_token(admin_user: User) -> None:
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(admin_user)
    data = {"client_name": "shop", "scopes": ["things:read"]}
    assert browser.post(reverse(ADD), data).status_code == 403
    assert ApiKey.objects.count() == 0


def test_the_button_revokes_after_asking(staff: Callable[..., Browser], key: ApiKey) -> None:
    browser = staff("change_apikey")
    url = reverse("admin:accounts_apikey_revoke", args=[key.id])
    change = reverse("admin:accounts_apikey_change", args=[key.id])
    assert f'href="{url}"' in browser.get(change).content.decode()
    assert browser.get(url).status_code == 200
    assert ApiKey.objects.active().count() == 1

    answer = browser.post(url, follow=True)
    assert answer.redirect_chain == [(reverse(LIST), 302)]
    assert "Keys revoked: 1." in answer.content.decode()
    assert ApiKey.objects.active().count() == 0
    assert f'href="{url}"' not in browser.get(change).content.decode()
    assert LogEntry.objects.get().get_change_message() == "Changed status."


@pytest.mark.parametrize(
    ("query", "clients"),
    [
        ("", ["other", "shop"]),
        ("?status=active", ["other"]),
        ("?status=revoked", ["shop"]),
    ],
)
def test_the_list_is_filtered_by_status(
    admin_client: Browser, key: ApiKey, query: str, clients: list[str]
) -> None:
    operations.issue_key(client_name="other")
    operations.revoke_key(key_id=key.id)
    page = admin_client.get(reverse(LIST) + query).content.decode()
    assert re.findall(r"field-client[^>]*>(?:<a [^>]*>)?([^<]*)<", page) == clients
    assert "By status" in page


def test_the_action_revokes_what_is_not_revoked_yet(
    staff: Callable[..., Browser], key: ApiKey
) -> None:
    keys = [key, *(operations.issue_key(client_name="other").key for _ in range(2))]
    first = operations.revoke_key(key_id=key.id).revoked_at
    data = {"action": "revoke_selected", "_selected_action": [k.id for k in keys[:2]]}
    answer = staff("change_apikey").post(reverse(LIST), data, follow=True)
    assert "Keys revoked: 1." in answer.content.decode()
    assert ApiKey.objects.active().get() == keys[2]
    assert ApiKey.objects.get(id=key.id).revoked_at == first


def test_revoking_needs_the_permission_to_change_keys(
    staff: Callable[..., Browser], key: ApiKey
) -> None:
    browser = staff("view_apikey", "add_apikey", "delete_apikey")
    url = reverse("admin:accounts_apikey_revoke", args=[key.id])
    assert browser.get(url).status_code == 403
    assert browser.post(url).status_code == 403
    change = reverse("admin:accounts_apikey_change", args=[key.id])
    assert url not in browser.get(change).content.decode()
    browser.post(reverse(LIST), {"action": "revoke_selected", "_selected_action": [key.id]})
    assert ApiKey.objects.active().count() == 1


@pytest.mark.parametrize("key_id", [0, 2**63, 10**30])
def test_revoking_a_key_that_is_not_there_is_404(admin_client: Browser, key_id: int) -> None:
    url = reverse("admin:accounts_apikey_revoke", args=[key_id])
    assert admin_client.post(url).status_code == 404


@pytest.mark.parametrize("model", ["client", "apikey"])
@pytest.mark.parametrize("view", ["change", "delete"])
def test_neither_clients_nor_keys_are_edited_or_deleted(
    admin_client: Browser, key: ApiKey, model: str, view: str
) -> None:
    ids = {"client": key.client_id, "apikey": key.id}
    url = reverse(f"admin:accounts_{model}_{view}", args=[ids[model]])
    assert admin_client.post(url, {"name": "x", "prefix": "x", "post": "yes"}).status_code == 403
    key.refresh_from_db()
    assert (key.client.name, key.prefix != "x") == ("shop", True)


def test_a_client_is_not_added_without_a_key(admin_client: Browser) -> None:
    url = reverse("admin:accounts_client_add")
    assert admin_client.post(url, {"name": "shop"}).status_code == 403
    assert Client.objects.count() == 0


def test_a_user_can_be_added_and_sign_in(admin_client: Browser) -> None:
    data = {"username": "ada", "password1": "engine-of-1843", "password2": "engine-of-1843"}
    data["usable_password"] = "true"
    admin_client.post(reverse("admin:accounts_user_add"), data)
    assert Browser().login(username="ada", password="engine-of-1843")
