"""ImageLake: what is in a lake of images, and how accurate its labels and predictions are."""

__version__ = "0.1.0"
