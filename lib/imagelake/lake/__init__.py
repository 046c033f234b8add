"""Tables at rest: storage, publishing, manifests, locks. No job in here."""
