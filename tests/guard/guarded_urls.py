"""Addresses of orders that reach over into products, in ways that leave no frame of orders."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template import engines
from django.template.response import TemplateResponse
from django.urls import path
from django.views.generic import ListView
from rest_framework.generics import ListAPIView
from rest_framework.serializers import CharField, Serializer

from apps.orders.models import OrderLine
from apps.products.models import Product
from tests.guard.standing import VIEWS, standing_in

NAMES = engines["django"].from_string("{% for each in products %}{{ each.name }}{% endfor %}")


def _rendered_later(request: HttpRequest) -> TemplateResponse:
    return TemplateResponse(request, NAMES, {"products": Product.objects.all()})


def _of_the_project(request: HttpRequest) -> HttpResponse:
    return HttpResponse(Product.objects.get().name)


class GenericView(ListView):  # type: ignore[type-arg]
    __module__ = VIEWS
    model = Product

    def render_to_response(self, context: Any, **kwargs: Any) -> Any:
        return TemplateResponse(self.request, NAMES, {"products": context["object_list"]})


class Name(Serializer):  # type: ignore[type-arg]
    name = CharField()


class RestView(ListAPIView):  # type: ignore[type-arg]
    __module__ = VIEWS
    queryset = Product.objects.all()
    serializer_class = Name
    authentication_classes = ()
    permission_classes = ()


class LineAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    __module__ = "apps.orders.admin"
    list_display = ("product__name",)
    raw_id_fields = ("order",)


console = admin.AdminSite()
console.register(OrderLine, LineAdmin)

# Its class is made by Django, and stands in Django's module.
plain_console = admin.AdminSite("plain")
plain_console.register(OrderLine, list_display=["product__name"])


def looking_on(get_response: Any) -> Any:
    """A middleware of accounts, in which every request is answered."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = get_response(request)
        return response

    return standing_in("apps.accounts.middleware", middleware)


urlpatterns = [
    path("rendered-later", standing_in(VIEWS, _rendered_later)),
    path("generic", GenericView.as_view()),
    path("rest", RestView.as_view()),
    path("of-the-project", standing_in("config.views", _of_the_project)),
    path("console/", console.urls),
    path("plain/", plain_console.urls),
]
