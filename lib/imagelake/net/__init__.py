"""Addresses that users name, reached safely."""
