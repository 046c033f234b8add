"""The submission of jobs: the files that a cluster needs, and the spark-submit command."""
