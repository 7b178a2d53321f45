"""Placing orders.

The core decides and knows no database: `rules`, `snapshots`, `requests`, `pricing`, `holds`,
`deciding`. Around it, `statements` writes what was decided, `attempt` is one transaction that
reads, decides and writes, and `place` says when it starts over.
"""
