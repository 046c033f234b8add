"""Bytes to pixels to MobileNet to scores and features. Nothing here knows of Spark."""
