"""Decoding, preprocessing and MobileNet: from bytes to scores and features. Imports no Spark."""
