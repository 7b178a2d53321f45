"""What leaves the shelf, what comes back, and canceling a part of an order."""
