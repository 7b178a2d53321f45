"""Django REST framework's `ModelViewSet` over Tradepost's own tables, for reading.

A `ModelSerializer` for products and for orders with their lines, with pages by number and by
cursor. It looks up the same API keys as Tradepost, so that a request needs the same.
"""
