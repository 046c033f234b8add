"""The cleaning of labels, and the classes that count as them."""
