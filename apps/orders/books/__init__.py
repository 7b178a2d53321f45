"""The books of orders: an audit, and the repair of what it finds."""
