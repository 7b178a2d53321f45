"""The guard on this project: what it stops, and what it lets pass."""
