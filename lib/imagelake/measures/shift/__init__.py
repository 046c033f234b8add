"""Statistics of two sets: do their features, classes and accuracy differ, by how much, and is it more than chance?"""
