"""Products and the ledger as files."""
