"""Hadoop on one machine, the submission of jobs to YARN, and file transfers by WebHDFS."""
