"""Compare Tradepost with other designs, in turn, on one machine."""
