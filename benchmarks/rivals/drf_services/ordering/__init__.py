"""The service that owns orders and takes stock from the catalogue."""
