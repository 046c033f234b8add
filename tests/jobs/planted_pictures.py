"""Rows of images and predictions for files that a test makes, with the fingerprints that the decoder gives them."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imagelake.measures.perceptual_hash import perceptual_hashes
from imagelake.measures.thumbnail_vectors import thumbnail_vectors
from imagelake.vision.decode import decode_image
from imagelake.vision.errors import ImageError
from imagelake.vision.fingerprint import fingerprint_of, grey_of, thumbnail_pixels
from imagelake.vision.limits import Limits

Rows = dict[str, list[dict[str, Any]]]


def picture(seed: int, side: int = 96) -> NDArray[np.uint8]:
    """A smooth picture with some edges, uint8 [S, S, 3]; the same for the same seed."""
    random = np.random.default_rng(seed)
    soft = Image.fromarray(random.integers(0, 256, (5, 5, 3), np.uint8)).resize((side, side), Image.Resampling.BICUBIC)
    pixels = np.asarray(soft).copy()
    for _ in range(4):
        top, left = random.integers(0, side * 3 // 4, 2)
        height, width = random.integers(side // 8, side // 2, 2)
        pixels[top : top + height, left : left + width] = random.integers(0, 256, 3)
    return pixels


def encoded(pixels: NDArray[np.uint8], form: str = "PNG", side: int | None = None, **options: Any) -> bytes:
    """A file of these pixels, resized to a square where a side is given."""
    file = io.BytesIO()
    image = Image.fromarray(pixels)
    (image if side is None else image.resize((side, side), Image.Resampling.BICUBIC)).save(file, form, **options)
    return file.getvalue()


def planted(files: dict[str, tuple[bytes, str]], with_features: bool = True) -> Rows:
    """The rows of images, predictions and image_quality for files by image_id, each with its split.

    Features are the thumbnail's vector: like a network's, they are alike where pictures are.
    """
    rows: Rows = {"images": [], "predictions": [], "image_quality": [], "image_bytes": []}
    for image_id, (content, split) in files.items():
        sha256 = hashlib.sha256(content).hexdigest()
        image = {"image_id": image_id, "split": split, "sha256": sha256, "has_bytes": True}
        rows["image_bytes"].append({"image_id": image_id, "content": content})
        try:
            decoded = decode_image(content, Limits())
        except ImageError as error:
            rows["images"].append({**image, "error": error.reason})
            rows["predictions"].append({"image_id": image_id, "error": error.reason})
            continue
        fingerprint = fingerprint_of(decoded)
        pixels = thumbnail_pixels(fingerprint.thumbnail)
        width, height = decoded.image.size
        rows["images"].append({**image, "width": width, "height": height})
        rows["image_quality"].append(
            {"image_id": image_id, "split": split, "ppi": (width**2 + height**2) ** 0.25, "gradient": 1.0}
        )
        rows["predictions"].append(
            {
                "image_id": image_id,
                "pixel_hash": fingerprint.pixel_hash,
                "perceptual_hash": int(perceptual_hashes(grey_of(pixels))[0]),
                "thumbnail": fingerprint.thumbnail,
                "features": thumbnail_vectors(pixels)[0].tolist() if with_features else None,
            }
        )
    return rows
