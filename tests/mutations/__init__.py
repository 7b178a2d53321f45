"""Violations of every kind, put into a copy of this project, and what catches each."""
