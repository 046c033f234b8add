"""Duplicates: pictures that occur more than once, exactly or nearly, with the conflicts of their labels and splits."""
