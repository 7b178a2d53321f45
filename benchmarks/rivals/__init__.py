"""Other ways to place orders, each as its own community would write it."""
