"""The table of bad input, by what is bad about it; `tests/test_bad_input.py` runs it."""
