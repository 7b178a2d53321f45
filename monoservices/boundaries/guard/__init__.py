"""The guard: which service runs which statement, and on whose tables."""
