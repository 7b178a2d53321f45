"""Holds: orders whose stock may be taken back after `held_until`, until they are confirmed."""
