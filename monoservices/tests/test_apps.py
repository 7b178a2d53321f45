from django.apps import apps

from monoservices.apps import ServiceConfig, services


def test_the_installed_services() -> None:
    assert [(service.label, service.depends_on) for service in services()] == [
        ("accounts", ()),
        ("products", ()),
        ("orders", ("products", "accounts")),
    ]


def test_an_app_is_a_service_by_its_config() -> None:
    assert not isinstance(apps.get_app_config("monoservices"), ServiceConfig)


def test_scopes_are_named_after_their_service() -> None:
    named = [scope.name for service in services() for scope in service.scopes]
    assert named == [
        *("products:read", "products:write", "stock:write"),
        *("orders:read", "orders:write", "orders:manage", "orders:price"),
    ]
