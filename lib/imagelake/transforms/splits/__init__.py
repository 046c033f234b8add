"""Splits and samples of a lake that duplicates never cross."""
