import os

from benchmarks.rivals.django_settings import *  # noqa: F403

INSTALLED_APPS = ["rest_framework", "benchmarks.rivals.drf_services.ordering"]
ROOT_URLCONF = "benchmarks.rivals.drf_services.ordering.urls"
CATALOGUE_URL = os.environ.get("CATALOGUE_URL", "")
