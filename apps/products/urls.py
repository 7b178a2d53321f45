from django.urls import path

from apps.products import views

urlpatterns = [
    path("products/", views.ProductListView.as_view(), name="product-list"),
    path("products/<int:product_id>/", views.ProductView.as_view(), name="product"),
    path("products/<int:product_id>/stock/", views.StockView.as_view(), name="product-stock"),
    path(
        "products/<int:product_id>/movements/",
        views.MovementListView.as_view(),
        name="product-movements",
    ),
]
