from django.urls import path

from apps.products import file_views, views

urlpatterns = [
    path("products/", views.ProductListView.as_view(), name="product-list"),
    path("stock/", views.AdjustmentsView.as_view(), name="stock"),
    path("products/import/", file_views.ProductImportView.as_view(), name="product-import"),
    path("products/export/", file_views.ProductExportView.as_view(), name="product-export"),
    path("products/<int:product_id>/", views.ProductView.as_view(), name="product"),
    path("products/<int:product_id>/stock/", views.StockView.as_view(), name="product-stock"),
    path(
        "products/<int:product_id>/movements/",
        views.MovementListView.as_view(),
        name="product-movements",
    ),
]
