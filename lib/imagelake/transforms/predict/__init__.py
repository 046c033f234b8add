"""The network over every image."""
