"""The sections of the report, one a file: a function from the gathered rows to what a template shows."""
