"""The staff pages of products and of the stock ledger."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import AdminForm
from django.core.exceptions import PermissionDenied
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.html import format_html

from apps.products import operations
from apps.products.exceptions import (
    MovementKeyReused,
    ProductsError,
    SkuExists,
    StockChanged,
)
from apps.products.forms import NewProductForm, ProductForm, StockForm
from apps.products.models import Product, ProductQuerySet, StockMovement
from monoservices.api.staff import ReadOnlyAdmin, StaffAdmin, staff_actor
from monoservices.services.oversight import staff_sees_others


class StockFilter(admin.SimpleListFilter):
    title = "stock"
    parameter_name = "stock"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("in", "In stock"), ("low", "Low"), ("out", "Out of stock")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        conditions = {
            "in": Q(stock_quantity__gt=0),
            "low": Q(stock_quantity__lte=F("low_stock_at")),
            "out": Q(stock_quantity__lte=0),
        }
        return queryset.filter(conditions.get(str(self.value()), Q()))


@admin.register(Product)
class ProductAdmin(StaffAdmin):
    """Products. Staff who may change a product may also adjust its stock."""

    form = ProductForm
    list_display = (
        "name",
        "sku",
        "price",
        "stock",
        "committed_quantity",
        "is_active",
        "updated_at",
    )
    list_filter = (StockFilter, "is_active")
    search_fields = ("name", "sku")
    search_help_text = "Part of a name, or the beginning of a SKU."
    readonly_fields = ("stock", "committed_quantity", "on_hand", "created_at", "updated_at")
    actions = ("archive_selected", "bring_back_selected")

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        if term := search_term.strip():
            queryset = queryset.named_like(term) | queryset.filter(sku__istartswith=term)
        return queryset, False

    @admin.display(ordering="stock_quantity")
    def stock(self, product: Product) -> str:
        low = product.low_stock_at
        if low is None or product.stock_quantity > low:
            return str(product.stock_quantity)
        return format_html(
            '{} <strong style="color: var(--error-fg)">low</strong>', product.stock_quantity
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return () if obj is None else self.readonly_fields

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        if obj is None:
            kwargs["form"] = NewProductForm
        return super().get_form(request, obj, change=change, **kwargs)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except SkuExists:
            # Somebody took the SKU after the form was validated. Validating again reports it.
            return super().changeform_view(request, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Product, form: Any, change: bool) -> None:
        if change:
            changes = {name: form.cleaned_data[name] for name in form.changed_data}
            operations.update_product(product_id=obj.pk, actor=staff_actor(request), **changes)
        else:
            created = operations.create_product(actor=staff_actor(request), **form.cleaned_data)
            obj.pk, obj.sku = created.pk, created.sku

    @admin.action(description="Archive selected products", permissions=["change"])
    def archive_selected(self, request: HttpRequest, products: ProductQuerySet) -> None:
        self._set_active(request, products, False)

    @admin.action(description="Bring selected products back", permissions=["change"])
    def bring_back_selected(self, request: HttpRequest, products: ProductQuerySet) -> None:
        self._set_active(request, products, True)

    def _set_active(self, request: HttpRequest, products: ProductQuerySet, is_active: bool) -> None:
        others = list(products.filter(is_active=not is_active).values_list("pk", flat=True))
        for product_id in others:
            product = operations.update_product(product_id=product_id, is_active=is_active)
            self.log_change(request, product, [{"changed": {"fields": ["on sale"]}}])
        done = "brought back" if is_active else "archived"
        self.message_user(request, f"Products {done}: {len(others)}.", messages.SUCCESS)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.stock_view)
        return [
            path("<int:product_id>/stock/", view, name="products_product_stock"),
            *super().get_urls(),
        ]

    def stock_view(self, request: HttpRequest, product_id: int) -> HttpResponse:
        """Show the form on GET. On POST adjust the stock, once however often the form is sent."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        product = get_object_or_404(Product, pk=product_id)
        form = StockForm(
            request.POST if request.method == "POST" else None,
            initial={"expected": product.on_hand},
        )
        if form.is_valid() and self._adjust(request, product, form):
            return redirect("admin:products_product_change", product_id)
        fieldsets = [(None, {"fields": ["reason", "units", "note"]})]
        adminform = AdminForm(form, fieldsets, {}, model_admin=self)  # type: ignore[arg-type]
        return self.render_page(
            request,
            "admin/products/product/stock.html",
            title="Adjust stock",
            original=product,
            form=form,
            adminform=adminform,
        )

    def _adjust(self, request: HttpRequest, product: Product, form: StockForm) -> bool:
        """Adjust the stock as the form says, or return False and put the error on the form."""
        sent = form.cleaned_data
        shared = {
            "product_id": product.pk,
            "note": sent["note"],
            "actor": staff_actor(request),
            "idempotency_key": f"staff:{sent['token']}",
        }
        try:
            if sent["reason"] == StockMovement.Reason.COUNTED:
                movement, replayed = operations.count_stock(
                    counted=sent["units"], expected=sent["expected"], **shared
                )
            else:
                movement, replayed = operations.change_stock(
                    delta=sent["units"], reason=sent["reason"], **shared
                )
        except MovementKeyReused:
            form.add_error(None, "This form was sent before with other values; open it again.")
            return False
        except StockChanged:
            product.refresh_from_db()
            form.data = {**dict(form.data.items()), "expected": product.on_hand}
            text = f"There are {product.on_hand} on the shelf by now. Does your count still hold?"
            form.add_error("units", text)
            return False
        except ProductsError as error:
            form.add_error("units", [error.detail, *error.errors.get("delta", [])])
            return False
        if not replayed:
            self.log_change(request, product, [{"changed": {"fields": ["stock"]}}])
        text = f"Stock moved by {movement.delta:+}; {movement.quantity_after} can be sold now."
        self.message_user(request, text, messages.SUCCESS)
        if movement.missing:
            text = f"{movement.missing} units are promised to orders and not there."
            self.message_user(request, text, messages.WARNING)
        return True


OF_OTHERS = ("reference", "actor")
"""The columns of the ledger that say what other people and clients did."""


@admin.register(StockMovement)
class StockMovementAdmin(ReadOnlyAdmin):
    """The ledger, newest first. Who moved stock, and for which document, not all staff see."""

    list_display = (
        "created_at",
        "product",
        "delta",
        "quantity_after",
        "committed_delta",
        "committed_after",
        "reason",
        "reference",
        "actor",
        "note",
    )
    list_filter = ("reason",)
    linked_by = ("product",)
    list_select_related = ("product",)
    search_fields = ("reference", "product__sku")
    search_help_text = "A reference such as order:17, or a product's SKU."
    sortable_by = ()

    def get_list_display(self, request: HttpRequest) -> Any:
        sees_others = staff_sees_others(request.user)
        return [each for each in self.list_display if sees_others or each not in OF_OTHERS]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.get_list_display(request)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if term := search_term.strip():
            found = Q(product__sku=term)
            if staff_sees_others(request.user):
                found |= Q(reference=term)
            queryset = queryset.filter(found)
        return queryset, False
