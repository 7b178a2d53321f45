"""Stock and its ledger.

movements      how stock moves: lock, set within bounds, write the movement down
one_product    change or count the stock of one product
many_products  change or count the stock of many products, each with its own outcome
for_orders     read products in one statement, locked or not; move the stock of orders
corrections    add the movements that the ledger lacks
opening        commit the units of orders from before there were two quantities
audit          compare stock with the ledger
"""
