"""The vocabulary: the hierarchy of labels, the classes that count as a label, and labels for folder names."""
