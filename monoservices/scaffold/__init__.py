"""Starting a service: what it is called, what it asks of others, and its first files."""
