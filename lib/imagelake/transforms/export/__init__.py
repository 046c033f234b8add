"""Exports: a lake's images as files that other libraries open."""
