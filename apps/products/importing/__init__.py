"""Importing products from files."""
