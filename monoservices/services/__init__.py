"""What a service is: its config, what it owns, its crossings and contracts, and its scopes."""
