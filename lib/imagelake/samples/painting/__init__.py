"""How the animals of the sample lake are drawn. Finished: only the sample lake uses it."""
