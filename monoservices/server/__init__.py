"""Serving: the ASGI front, its two lanes, batches, and what a worker process does."""
