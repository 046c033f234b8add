"""Published tables: storage, publishing, manifests, locks. No job is in here."""
