"""The guard watches statements at run time: which service runs which, and on whose tables."""
