"""Labels that are probably wrong: their scores, how many there are, and which."""
