"""Which images are better than others."""
