"""One order at a time, without an application: the limit of any design with a transaction each.

pgbench, PostgreSQL's own load generator, sends what Tradepost does for an order, on Tradepost's own
migrated tables and over TCP as an application would: the API key is looked up, the product read,
and the order with its idempotency key and its answer, its line and its event are written, then
stock and ledger. The stock, which everybody may want, is taken as late as possible. Nothing is
parsed, validated or encoded, so no application that works like this can be faster.

- `pgbench_statements`: `statements.sql`, one statement after the other, prepared.
- `pgbench_function`: `function.sql`, the same in one call of a PL/pgSQL function.
"""
