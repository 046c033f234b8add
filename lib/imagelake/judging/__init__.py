"""What people are asked of pairs and labels: forms, their order, the page, and the files of verdicts."""
