"""The published files of Open Images: which there are, reading and downloading a slice of them."""
