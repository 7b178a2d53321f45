"""What must hold, a function each. Each yields a line for each anomaly."""
