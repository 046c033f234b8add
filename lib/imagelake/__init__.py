"""ImageLake: what is in a lake of images, and how far its labels can be trusted."""

__version__ = "0.1.0"
