from django.urls import path

from benchmarks.rivals.ninja_reads.api import api

urlpatterns = [path("api/v1/", api.urls)]
