"""Measurements against the numbers we hold ourselves to; each a ratio of two things of one run."""
