"""Measurements: what Tradepost does per second, and what it does under faults."""
