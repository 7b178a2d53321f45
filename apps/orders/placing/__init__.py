"""Placing orders.

The core decides and knows no database: `rules`, `snapshots`, `requests`, `pricing`, `deciding`.
Around it, `statements` writes what was decided, and `place` owns the transaction.
"""
