"""What people judge of pairs and labels: forms, their order, the page, and the files of verdicts."""
