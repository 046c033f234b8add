"""The one console command, ``imagelake``: each of its words is a command line of its own, loaded when it is called."""
