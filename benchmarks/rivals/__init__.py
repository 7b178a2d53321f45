"""Other designs that place orders, each written as its community recommends."""
