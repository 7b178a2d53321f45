"""Stock and its ledger.

movements      how stock moves: lock, set within bounds, write the movement down
one_product    change or count the stock of one product
many_products  change or count the stock of many products, each with its own outcome
for_orders     move the stock that orders take and give back
corrections    add the movements that the ledger lacks
snapshots      read many products in one statement, locked or not
audit          compare stock with the ledger
"""
