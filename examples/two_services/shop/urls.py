from django.urls import include, path

from monoservices.services.serving import url_modules

urlpatterns = [path("api/", include(urls)) for urls in url_modules()]
