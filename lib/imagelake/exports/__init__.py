"""Formats in which data sets are given to others, as streams of bytes; no Spark."""
