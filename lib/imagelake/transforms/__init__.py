"""DataFrame to DataFrame, one concept a file."""
