"""Tradepost under faults: what is killed, cut or overrun, and what becomes of the orders."""
