from benchmarks.rivals.django_settings import *  # noqa: F403
from benchmarks.rivals.django_settings import REST_FRAMEWORK

INSTALLED_APPS = ["rest_framework", "benchmarks.rivals.drf_reads"]
ROOT_URLCONF = "benchmarks.rivals.drf_reads.urls"
REST_FRAMEWORK = REST_FRAMEWORK | {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "benchmarks.rivals.drf_reads.authentication.ApiKeyAuthentication"
    ],
    "DEFAULT_PERMISSION_CLASSES": ["benchmarks.rivals.drf_reads.authentication.HasApiKey"],
}
CURRENCY = "EUR"
TIME_ZONE = "UTC"
