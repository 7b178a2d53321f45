"""Every operation at once, and a checker of what the clients were told."""
