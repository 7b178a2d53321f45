"""The ASGI application: Tradepost with an express lane for its hot routes."""

from config.wsgi import application as django
from monoservices.server.front import Front

application = Front(django)
