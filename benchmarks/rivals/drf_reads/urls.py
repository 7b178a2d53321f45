from django.urls import include, path
from rest_framework.routers import SimpleRouter

from benchmarks.rivals.drf_reads import views

numbered, by_cursor = SimpleRouter(), SimpleRouter()
numbered.register("products", views.ProductViewSet)
numbered.register("orders", views.OrderViewSet)
by_cursor.register("products", views.CursorProductViewSet)
by_cursor.register("orders", views.CursorOrderViewSet)

urlpatterns = [
    path("api/v1/", include(numbered.urls)),
    path("by-cursor/api/v1/", include(by_cursor.urls)),
]
