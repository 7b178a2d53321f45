"""The staff pages of users, clients and keys."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import AdminForm
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path

from apps.accounts import operations
from apps.accounts.exceptions import AccountsError
from apps.accounts.forms import IssueKeyForm
from apps.accounts.models import ApiKey, ApiKeyQuerySet, Client, User
from monoservices.api.staff import DeclaredFilters, ReadOnlyAdmin

admin.site.unregister(Group)


@admin.register(Group)
class StaffGroupAdmin(DeclaredFilters, GroupAdmin):
    """Django's pages of groups."""


@admin.register(User)
class StaffUserAdmin(DeclaredFilters, UserAdmin):  # type: ignore[type-arg]
    """Django's pages of users."""


class StatusFilter(admin.SimpleListFilter):
    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("active", "Active"), ("revoked", "Revoked")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        conditions = {"active": Q(revoked_at=None), "revoked": ~Q(revoked_at=None)}
        return queryset.filter(conditions.get(str(self.value()), Q()))


@admin.register(Client)
class ClientAdmin(ReadOnlyAdmin):
    """Clients, read-only. Issuing the first key for a name creates its client."""

    list_display = ("name", "active_keys", "created_at")
    search_fields = ("name",)
    ordering = ("name",)
    fields = ("name", "active_keys", "created_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Client]:
        return Client.objects.with_active_keys()

    @admin.display(description="Active keys", ordering="active_keys")
    def active_keys(self, client: Client) -> int:
        return client.active_keys  # type: ignore[attr-defined,no-any-return] # with_active_keys()


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    """Keys. Staff who may add keys issue them; staff who may change keys revoke them."""

    list_display = ("prefix", "client", "scope_names", "created_at", "last_used_at", "revoked_at")
    list_filter = (StatusFilter,)
    list_select_related = ("client",)
    search_fields = ("client__name", "prefix")
    ordering = ("-id",)
    fields = list_display
    actions = ("revoke_selected",)

    @admin.display(description="Scopes")
    def scope_names(self, key: ApiKey) -> str:
        return ", ".join(key.scopes)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.add_apikey")

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.change_apikey")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.revoke_view)
        return [
            path("<int:key_id>/revoke/", view, name="accounts_apikey_revoke"),
            *super().get_urls(),
        ]

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Issue a key. Only the response to the POST shows it.

        The response is the page itself: a redirect would have to store the secret somewhere.
        """
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = IssueKeyForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            try:
                issued = operations.issue_key(**form.cleaned_data)
            except AccountsError as error:
                form.add_error("client_name", str(error))
            else:
                self.log_addition(request, issued.key, [{"added": {}}])
                return self._page(request, "issued", title="The new API key", issued=issued)
        fieldsets = [(None, {"fields": list(form.fields)})]
        adminform = AdminForm(form, fieldsets, {}, model_admin=self)  # type: ignore[arg-type]
        return self._page(request, "issue", title="Add API key", form=form, adminform=adminform)

    def revoke_view(self, request: HttpRequest, key_id: int) -> HttpResponse:
        """Ask for confirmation on GET, revoke on POST."""
        if not self.has_revoke_permission(request):
            raise PermissionDenied
        key = get_object_or_404(ApiKey.objects.select_related("client"), id=key_id)
        if request.method == "POST":
            self.revoke_selected(request, ApiKey.objects.filter(id=key_id))
            return redirect("admin:accounts_apikey_changelist")
        return self._page(request, "revoke", title="Revoke this API key?", original=key)

    @admin.action(description="Revoke selected API keys", permissions=["revoke"])
    def revoke_selected(self, request: HttpRequest, keys: ApiKeyQuerySet) -> None:
        active = keys.active().values_list("id", flat=True)
        revoked = [operations.revoke_key(key_id=key_id) for key_id in active]
        for key in revoked:
            self.log_change(request, key, [{"changed": {"fields": ["status"]}}])
        self.message_user(request, f"Keys revoked: {len(revoked)}.", messages.SUCCESS)

    def _page(self, request: HttpRequest, template: str, **context: Any) -> HttpResponse:
        return self.render_page(request, f"admin/accounts/apikey/{template}.html", **context)
