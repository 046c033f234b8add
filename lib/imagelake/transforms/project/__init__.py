"""The map of a lake: every image as a point of a plane."""
