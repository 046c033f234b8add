"""Rows for the report."""
