from django.urls import path

from apps.payments import views
from apps.payments.export import views as export_views

urlpatterns = [
    path(
        "orders/<int:order_id>/payments/", views.OrderPaymentsView.as_view(), name="order-payments"
    ),
    path("orders/<int:order_id>/refunds/", views.OrderRefundsView.as_view(), name="order-refunds"),
    path("payments/", views.PaymentListView.as_view(), name="payment-list"),
    path("payments/export/", export_views.PaymentExportView.as_view(), name="payment-export"),
]
