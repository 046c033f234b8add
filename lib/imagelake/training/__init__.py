"""Training runs: plain Python and Keras, no Spark."""
