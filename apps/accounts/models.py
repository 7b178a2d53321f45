"""Users (people), clients (programs) and the keys that clients call the API with."""

from typing import Self

from django.contrib.auth.models import AbstractUser
from django.db import models

from apps.accounts.keys import PREFIX_LENGTH, digest


class User(AbstractUser):
    """A person who signs in to the staff pages."""


class ClientQuerySet(models.QuerySet["Client"]):
    def with_active_keys(self) -> Self:
        """Clients with `active_keys`, the number of their keys that are not revoked."""
        active = models.Q(keys__revoked_at=None)
        return self.annotate(active_keys=models.Count("keys", filter=active))


class Client(models.Model):
    """Who holds API keys and owns orders: a shop front, a till, a marketplace connector."""

    name = models.CharField(max_length=100, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ClientQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=~models.Q(name=""), name="accounts_client_name_not_empty"
            ),
        )

    def __str__(self) -> str:
        return self.name


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def active(self) -> Self:
        """Keys that are not revoked."""
        return self.filter(revoked_at=None)

    def for_secret(self, secret: str) -> Self:
        """The key with this secret, if it exists."""
        return self.filter(digest=digest(secret))


class ApiKey(models.Model):
    """A client's key. The secret itself is not stored."""

    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="keys")
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the secret, in hex")
    prefix = models.CharField(
        max_length=PREFIX_LENGTH, help_text="How the secret begins, to recognise a key in a list"
    )
    scopes = models.JSONField(help_text="Names of scopes")
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(
        null=True, blank=True, help_text="To the minute; later uses within it are not noted"
    )

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.prefix}…"
