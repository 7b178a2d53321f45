"""Django REST framework with stock, done right: the design that most guides arrive at.

A `ModelSerializer` with nested lines; in one transaction the products are locked with
`select_for_update` in the order of their ids, stock is compared and taken, and the order is
inserted with its lines: six statements with BEGIN and COMMIT, however many lines. It never
oversells, and who wants a product waits for everybody before. No key and no idempotency.
"""
