from benchmarks.rivals.django_settings import *  # noqa: F403

INSTALLED_APPS = ["benchmarks.rivals.drf_reads"]
ROOT_URLCONF = "benchmarks.rivals.ninja_reads.urls"
CURRENCY = "EUR"
TIME_ZONE = "UTC"
