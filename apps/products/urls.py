from django.urls import path

from apps.products.export.views import ProductExportView
from apps.products.importing.views import ProductImportView
from apps.products.stock.views import AdjustmentsView, MovementListView, StockView
from apps.products.views import AvailabilityView, ProductListView, ProductView

urlpatterns = [
    path("products/", ProductListView.as_view(), name="product-list"),
    path("stock/", AdjustmentsView.as_view(), name="stock"),
    path("products/import/", ProductImportView.as_view(), name="product-import"),
    path("products/export/", ProductExportView.as_view(), name="product-export"),
    path("products/availability/", AvailabilityView.as_view(), name="product-availability"),
    path("products/<int:product_id>/", ProductView.as_view(), name="product"),
    path("products/<int:product_id>/stock/", StockView.as_view(), name="product-stock"),
    path(
        "products/<int:product_id>/movements/", MovementListView.as_view(), name="product-movements"
    ),
]
