"""One transaction per order without an application: the upper limit of any such design.

pgbench, PostgreSQL's load generator, sends over TCP what Tradepost does for an order, on
Tradepost's own tables: it looks up the API key, reads the product, writes the order with its
idempotency key and response, its line and its event, and then stock and ledger. The contended row,
the stock, is updated as late as possible. Nothing is parsed, validated or encoded, so no
application with one transaction per order can be faster.

- `pgbench_statements`: `statements.sql`, single prepared statements.
- `pgbench_function`: `function.sql`, the same in one call of a PL/pgSQL function, and
  `function_lines.sql` for orders of 20 lines.
"""
