"""Django REST framework with correct stock: the design that most guides recommend.

A `ModelSerializer` has nested lines. One transaction locks the products with `select_for_update` in
id order, compares and takes the stock, and inserts the order with its lines: six statements with
BEGIN and COMMIT, whatever the number of lines. It never oversells. Orders for the same product wait
for each other. It has no API keys and no idempotency.
"""
