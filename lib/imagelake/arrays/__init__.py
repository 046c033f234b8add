"""Arrays of images, as data sets of small images are published, to the packed files that a lake is ingested from."""
