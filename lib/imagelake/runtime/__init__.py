"""What a job is: its command line, session, progress, summary and the code that it ran."""
