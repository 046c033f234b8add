"""Training runs. TensorFlow is imported by the functions that train."""
