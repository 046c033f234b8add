"""Which labels are trusted, and what they mean."""
