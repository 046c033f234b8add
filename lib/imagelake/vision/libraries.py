"""The versions of the libraries that pixels, scores and features depend on."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imagelake.vision.packed import PackedModel

_DECODERS = ("numpy", "pillow", "pillow-heif", "simplejpeg")
_ENGINES = {"litert": ("ai-edge-litert",), "tensorflow": ("tensorflow-cpu", "tensorflow")}


def decoder_versions() -> tuple[str, ...]:
    """The libraries that open images, e.g. ``pillow 13.0.0``."""
    return tuple(_with_version(name) for name in _DECODERS)


def network_versions(packed: PackedModel) -> tuple[str, ...]:
    """The libraries that open images and run a network."""
    of_extractor = ("onnxruntime", "ai-edge-litert") if packed.extractor else ()
    names = dict.fromkeys((*_ENGINES[packed.engine], *of_extractor))
    return (*decoder_versions(), *(_with_version(name) for name in names))


def _with_version(name: str) -> str:
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return f"{name} is not installed"
