"""Compare reads over HTTP: see `benchmarks.reads.__main__`."""
