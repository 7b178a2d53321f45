"""The staff pages of shipments and returns."""
