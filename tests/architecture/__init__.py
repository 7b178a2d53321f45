"""What holds for the whole tree: which way imports go."""
