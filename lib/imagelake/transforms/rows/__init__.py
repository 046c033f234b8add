"""What several capabilities do with rows: numbering them, parting them by reason."""
