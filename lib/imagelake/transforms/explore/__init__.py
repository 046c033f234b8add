"""The content of the lake: counts, nulls, facets, shapes."""
