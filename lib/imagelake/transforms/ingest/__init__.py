"""Raw files to typed tables."""
