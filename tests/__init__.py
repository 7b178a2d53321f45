"""What crosses services, and `python -m tests`, which runs every test on both databases."""
