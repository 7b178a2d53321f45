"""The WSGI application: Tradepost for any WSGI server, without the express lane."""

import os

from django.core.wsgi import get_wsgi_application
from django.utils.module_loading import import_string

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()
application.request_class = import_string("monoservices.api.http.Utf8Request")
