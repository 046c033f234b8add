"""What jobs resolve once, from configuration and files, before their first transform."""
