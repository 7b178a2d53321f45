"""Placing orders: a core that knows no database, and the statements around it."""
