"""The published files of Open Images: their addresses, and the download of a slice."""
