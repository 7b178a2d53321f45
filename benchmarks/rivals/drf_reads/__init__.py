"""Read Tradepost's tables with Django REST framework's `ModelViewSet`.

It has a `ModelSerializer` for products and one for orders with their lines, and pages by number and
by cursor. It looks up the same API keys as Tradepost, so that both take the same requests.
"""
