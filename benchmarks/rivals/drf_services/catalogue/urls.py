from django.urls import path

from benchmarks.rivals.drf_services.catalogue.views import PutBackView, TakeView

urlpatterns = [
    path("stock/take/", TakeView.as_view()),
    path("stock/put-back/", PutBackView.as_view()),
]
