"""Nearest images by their features. Nothing here knows of Spark."""
