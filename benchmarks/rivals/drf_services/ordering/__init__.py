"""The service that owns orders, and asks the catalogue for stock."""
