"""Django REST framework without stock: what a service is before anybody sells the last unit twice.

A plain `Serializer` validates; the product is looked up by its id, and once more by its name when
the order is created; the order is one row. Three statements, each on its own: no transaction, no
lock, no stock, no key and no idempotency. It does less than any other design here. Its one
invariant is that an order that was acknowledged is stored.
"""
