from benchmarks.rivals.django_settings import *  # noqa: F403

INSTALLED_APPS = ["rest_framework", "benchmarks.rivals.drf_plain"]
ROOT_URLCONF = "benchmarks.rivals.drf_plain.urls"
