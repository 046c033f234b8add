"""A finished lake opened without Spark: its images, labels, index, network and searches."""
