"""`drf_locking` as two services that talk HTTP, each with tables of its own.

`ordering` asks `catalogue` to take the stock over a connection that it keeps open, and then inserts
the order; if that fails, it asks to put the stock back. The lock is held for less time than in
`drf_locking`, because order and stock are no longer one transaction: where `ordering` dies between
the two, units are gone that nobody has ordered. Both use the one PostgreSQL of the measurement.
"""
