"""Distribution shift: what differs between two sets, what it does to accuracy, and why."""
