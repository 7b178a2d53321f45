"""Payments as files: CSV and JSON Lines."""
