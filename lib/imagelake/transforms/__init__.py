"""Functions from DataFrames to DataFrames, one concept a file."""
