"""Heads on the features of the lake: which images they learn from, their training by passes, and their measures."""
