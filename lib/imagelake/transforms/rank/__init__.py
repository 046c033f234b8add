"""The quality and ranking of images."""
