"""Which images look like a query: the index, its filters and the search."""
