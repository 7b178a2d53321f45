from django.urls import path

from apps.orders import views
from apps.orders.export import views as export_views
from apps.orders.fulfilment import views as fulfilment_views
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
    path(
        "orders/<int:order_id>/shipments/",
        fulfilment_views.OrderShipmentsView.as_view(),
        name="order-shipments",
    ),
    path(
        "orders/<int:order_id>/returns/",
        fulfilment_views.OrderReturnsView.as_view(),
        name="order-returns",
    ),
    path("shipments/", fulfilment_views.ShipmentListView.as_view(), name="shipment-list"),
    path("shipments/export/", export_views.ShipmentExportView.as_view(), name="shipment-export"),
    path("shipments/<int:shipment_id>/", fulfilment_views.ShipmentView.as_view(), name="shipment"),
    path(
        "shipments/<int:shipment_id>/deliver/",
        fulfilment_views.DeliverShipmentView.as_view(),
        name="shipment-deliver",
    ),
    path("returns/", fulfilment_views.ReturnListView.as_view(), name="return-list"),
    path("returns/export/", export_views.ReturnExportView.as_view(), name="return-export"),
    path("returns/<int:return_id>/", fulfilment_views.ReturnView.as_view(), name="return"),
]
