"""`drf_locking` as two services that communicate over HTTP, each with its own tables.

`ordering` asks `catalogue` to take the stock, over a persistent connection, and then inserts the
order. If that fails, it asks `catalogue` to return the stock. Locks are held for less time than in
`drf_locking`, because order and stock are separate transactions. If `ordering` dies between the
two, the units are lost. Both services use the same PostgreSQL server.
"""
