"""What a label means: the hierarchy of labels, which model classes mean a label, and how folder names become labels."""
