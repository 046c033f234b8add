"""A real Hadoop on one machine: separate daemons on loopback, started, watched and stopped by scripts/hadoop.

Standard library only, so that it runs before anything is installed.
"""
