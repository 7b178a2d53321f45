"""What services share of PostgreSQL and SQLite: statements for many rows, and few round trips."""
