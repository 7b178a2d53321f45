"""The service that owns products and stock."""
