"""Break a running server under load, then compare its orders with what the clients were told."""
