"""What is in the lake: counts, nulls, facets, shapes."""
