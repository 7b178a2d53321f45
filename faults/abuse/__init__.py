"""Nothing but abuse, while well-behaved clients order."""
