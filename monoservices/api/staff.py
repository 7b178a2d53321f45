"""What the staff pages of all services share: Django's admin, writing through operations alone."""

from collections.abc import Collection
from typing import Any

from django.contrib import admin
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.views.main import ChangeList
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from monoservices.database.engines import engine


def staff_actor(request: HttpRequest) -> str:
    """The name of the signed-in person in movements and events."""
    return f"staff:{request.user.get_username()}"


class DeclaredChangeList(ChangeList):
    """A list that is filtered as its page declares, and in no other way.

    Django takes every look-up on the model's columns from the query string, such as
    `reference__regex`. SQLite has Python match regular expressions, which can hold up all threads
    of the process for as long as the pattern's author likes.
    """

    model_admin: "DeclaredFilters"

    def get_filters(self, request: HttpRequest) -> Any:
        """As in Django, which has taken the look-ups of declared filters out of the third value.

        Raises DisallowedModelAdminLookup (400) for any other look-up.
        """
        filters = super().get_filters(request)
        declared = {*self.model_admin.linked_by}
        if field := self.date_hierarchy:
            declared |= {f"{field}__gte", f"{field}__lt"}  # what Django makes of year, month, day
        for lookup in filters[2]:
            if lookup not in declared:
                raise DisallowedModelAdminLookup(f"Filtering by {lookup} not allowed")
        return filters


class DeclaredFilters(admin.ModelAdmin):  # type: ignore[type-arg]
    """Pages whose list takes only `list_filter`, `date_hierarchy` and `linked_by`.

    linked_by: look-ups that links on other pages use.
    """

    linked_by: Collection[str] = ()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return DeclaredChangeList


class StaffAdmin(DeclaredFilters):
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

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """The page of a row and of the rows that belong to it, all as they were at one moment."""
        with engine().consistent_snapshot():
            response = super().changeform_view(request, *args, **kwargs)
            # A template reads too, and Django would render it after the snapshot.
            return response.render() if isinstance(response, TemplateResponse) else response

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
