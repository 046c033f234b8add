"""Where things run and live: sessions, storage, published tables, jobs and their command line."""
