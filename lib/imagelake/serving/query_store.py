"""Photos that were searched for, kept for the server's lifetime as long as they are among the latest."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imagelake.serving.predictor import Photo

_TOKEN_BYTES = 15
_OVERHEAD_BYTES = 2_000  # of one photo: the objects, the token, the hash and the scores of the best classes


class QueryStore:
    """Features and small picture of the latest photos by token; the photos themselves are not kept.

    A token is a keyed hash of the photo: the same photo has the same link as long as the server runs, and nobody
    finds the link of a photo without having been given it, because the key is drawn when the server starts.
    """

    def __init__(self, most: int, max_bytes: int) -> None:
        """Hold so many photos in so much memory."""
        self._most, self._max_bytes, self._key = most, max_bytes, secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._photos: OrderedDict[str, Photo] = OrderedDict()
        self._bytes = 0

    def keep(self, photo: Photo) -> str:
        """Keep a photo, and return its token; the one that was not used for longest may make room."""
        digest = hmac.digest(self._key, (photo.query.sha256 or "").encode(), hashlib.sha256)[:_TOKEN_BYTES]
        token = base64.urlsafe_b64encode(digest).decode()
        with self._lock:
            if token in self._photos:
                self._bytes -= _size(self._photos.pop(token))
            self._photos[token] = photo
            self._bytes += _size(photo)
            while len(self._photos) > self._most or (self._bytes > self._max_bytes and len(self._photos) > 1):
                self._bytes -= _size(self._photos.popitem(last=False)[1])
        return token

    def get(self, token: str) -> Photo | None:
        """A photo; None where it is no longer kept, or never was."""
        with self._lock:
            if token in self._photos:
                self._photos.move_to_end(token)
            return self._photos.get(token)


def _size(photo: Photo) -> int:
    """Bytes of memory: the small picture, the features, and what holds them."""
    features = photo.query.features
    return len(photo.thumbnail) + (0 if features is None else features.nbytes) + _OVERHEAD_BYTES
