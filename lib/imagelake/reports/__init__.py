"""HTML pages from rows: charts, tables and thumbnails in one file that needs no network. Imports no Spark."""
