"""Orders as files: CSV and JSON Lines."""
