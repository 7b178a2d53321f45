"""Models of no service; the fixture `things` makes their tables."""

from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.utils import timezone

from monoservices.database.stored_requests import StoredRequest


class Thing(models.Model):
    """Something with a name and a price; it has a column of each type."""

    sku = models.CharField(max_length=100)
    name = models.CharField(max_length=255)
    description = models.TextField(default="")
    price = models.DecimalField(max_digits=10, decimal_places=2, default=Decimal(0))
    stock_quantity = models.IntegerField(default=0)
    low_stock_at = models.IntegerField(null=True)
    weight = models.FloatField(null=True)
    twin = models.OneToOneField("self", models.PROTECT, null=True, related_name="+")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[models.Manager["Thing"]] = models.Manager()

    class Meta:
        app_label = "monoservices"

    def __str__(self) -> str:
        return self.name


class ThingRequest(StoredRequest):
    """A request that created a thing."""

    objects: ClassVar[models.Manager["ThingRequest"]] = models.Manager()

    class Meta(StoredRequest.Meta):
        app_label = "monoservices"
