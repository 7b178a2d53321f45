"""The settings of the project. They come from the environment or from `.env`.

docs/reference/settings.md lists every variable. Without DEBUG, the server does not start if a
setting that production needs is missing, and the message says what to do.
"""

from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

from config.currencies import shop_currency
from config.databases import database
from monoservices.api import defaults
from monoservices.services.selection import select

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
env.read_env(BASE_DIR / ".env")

DEBUG = env.bool("DEBUG", default=False)
HTTPS = env.bool("HTTPS", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="")
if len(SECRET_KEY) < 50 and not DEBUG:  # as Django's check security.W009 has it
    state = "has less than 50 characters" if SECRET_KEY else "is not set"
    raise ImproperlyConfigured(
        f"SECRET_KEY {state}. Put a line SECRET_KEY=<50 random characters> into the environment "
        "or into .env, or set DEBUG=on to try things out. `make run` writes such a line, and "
        "`python -c 'import secrets; print(secrets.token_urlsafe(50))'` prints such characters."
    )
SECRET_KEY = SECRET_KEY or "insecure-and-for-development-only"
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])

# The first page greets whoever tries Tradepost out. `make run` switches it on in its server.
DEMO = env.bool("DEMO", default=False)
# Log statements on another service's tables. In tests, the guard raises instead.
BOUNDARY_GUARD = env.bool("BOUNDARY_GUARD", default=False)
# Clients with this token may read /metrics from anywhere; see docs/reference/metrics.md.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")

CURRENCY = shop_currency(env.str("CURRENCY", default="EUR"))

# All services of the project. The environment variable SERVICES selects those that this process
# serves. Their dependencies are installed too. Every selection serves the platform, accounts.
SERVICES = [
    "apps.accounts",
    "apps.products",
    "apps.orders",
    "apps.payments",
]
selection = select(SERVICES, named=env.list("SERVICES", default=[]), platform=["accounts"])
SERVED_SERVICES = selection.served
OVERSIGHT = selection.oversight
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "monoservices",
    *selection.installed,
]

MIDDLEWARE = [
    "monoservices.metrics.requests.CountRequests",
    "monoservices.api.refusals.LogRefusals",
    "monoservices.api.gate.Gate",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"
# A redirect would turn a POST without its final slash into a GET. The API responds 404 instead.
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "config" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {
    "default": database(env.str("DATABASE_URL", default=f"sqlite:///{BASE_DIR / 'db.sqlite3'}"))
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
PASSWORD_HASHERS = ["monoservices.server.hashing.PatientPasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{validator}"}
    for validator in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

LANGUAGE_CODE = "en-us"
TIME_ZONE = env.str("TIME_ZONE", default="UTC")
USE_TZ = True

STATIC_URL = "static/"
# Serve static files from the installed packages, so that no collectstatic is needed.
WHITENOISE_USE_FINDERS = True

# The largest request body in bytes. A larger one gets 413.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

REST_FRAMEWORK = {
    **defaults.REST_FRAMEWORK,
    "DEFAULT_AUTHENTICATION_CLASSES": ["apps.accounts.authentication.ApiKeyAuthentication"],
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Tradepost",
    "DESCRIPTION": (
        "Products, stock and orders.\n\n"
        "Send an API key with each request: `Authorization: Bearer tp_…`. Every error is a problem "
        "document (RFC 9457); compare its `code`. An error has the header `X-Request-ID`, which "
        "the server's log has too; if the request had the header, it is the same."
    ),
    "VERSION": "0.1.0",
    "CONTACT": {"name": "Tradepost", "url": "https://github.com/tradepost/tradepost"},
    "LICENSE": {"name": "BSD 3-Clause License", "identifier": "BSD-3-Clause"},
    "SERVERS": [{"url": "/", "description": "The server that sent this document."}],
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    # Keep enumerations inline, instead of as components with guessed names.
    "POSTPROCESSING_HOOKS": [
        "monoservices.api.openapi_document.drop_enum_ids",
        "monoservices.api.openapi_document.describe_tags",
        "monoservices.api.openapi_document.list_codes",
    ],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "/favicon.ico",
}

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"
# What is asked past the proxy, by the address of the server and without TLS.
PROBES = {"/livez", "/readyz", "/metrics"}
if HTTPS:
    SECURE_SSL_REDIRECT = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    # Both reach beyond this server, and cannot be taken back for a long time.
    SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("HSTS_SUBDOMAINS", default=False)
    SECURE_HSTS_PRELOAD = env.bool("HSTS_PRELOAD", default=False)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"only_tracebacks": {"()": "monoservices.api.refusals.OnlyTracebacks"}},
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        "django": {"handlers": [], "propagate": True},
        # `monoservices.refusals` has a line for each request that is refused or fails.
        "django.request": {"level": "ERROR", "filters": ["only_tracebacks"]},
    },
}
