"""What to do about a lake: a file a capability, each of which adds its findings to the report."""
