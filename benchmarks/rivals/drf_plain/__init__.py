"""Django REST framework without stock.

A plain `Serializer` validates. The product is looked up by id, and again by name when the order is
created. The order is one row. That takes three statements without a transaction. There are no
locks, no stock, no API keys and no idempotency. It does less than any other design here: it
guarantees only that an acknowledged order is stored.
"""
