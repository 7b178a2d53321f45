"""What the staff pages of all services share: Django's admin, writing through operations alone."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse


def staff_actor(request: HttpRequest) -> str:
    """The name of the signed-in person in movements and events."""
    return f"staff:{request.user.get_username()}"


class StaffAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Pages of rows that nobody deletes."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def render_page(self, request: HttpRequest, template: str, **context: Any) -> HttpResponse:
        """Respond with a page whose template extends `staff/page.html`.

        context: a `title` and what the template needs. The path at the top names `original`.
        """
        context |= self.admin_site.each_context(request) | {"opts": self.opts}
        return TemplateResponse(request, template, context)


class ReadOnlyAdmin(StaffAdmin):
    """Pages of rows that nobody changes by Django's own forms."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
