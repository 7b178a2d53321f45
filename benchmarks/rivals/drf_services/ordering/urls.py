from django.urls import path

from benchmarks.rivals.drf_services.ordering.views import OrderCreateView

urlpatterns = [path("api/v1/orders/", OrderCreateView.as_view())]
