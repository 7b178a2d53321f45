"""Side-by-side measurements: Tradepost, and other ways to do the same, in turn on one machine."""
