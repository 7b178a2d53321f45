from django.urls import path

from apps.orders import views
from apps.orders.export import views as export_views
from apps.orders.transition_views import CancelView, ConfirmView, DeliverView, ShipView

urlpatterns = [
    path("orders/", views.OrdersView.as_view(), name="order-list"),
    path("orders/export/", export_views.OrderExportView.as_view(), name="order-export"),
    path("orders/<int:order_id>/", views.OrderView.as_view(), name="order"),
    path("orders/<int:order_id>/events/", views.EventListView.as_view(), name="order-events"),
    path("orders/<int:order_id>/cancel/", CancelView.as_view(), name="order-cancel"),
    path("orders/<int:order_id>/confirm/", ConfirmView.as_view(), name="order-confirm"),
    path("orders/<int:order_id>/ship/", ShipView.as_view(), name="order-ship"),
    path("orders/<int:order_id>/deliver/", DeliverView.as_view(), name="order-deliver"),
]
