"""Predictions: scores and features of every image."""
