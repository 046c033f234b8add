"""Rows in, pages out: charts, tables and thumbnails in one HTML file that needs no network. No Spark in here."""
