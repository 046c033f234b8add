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


class QueryStore:
    """Features and small picture of the latest photos by token; the photos themselves are not kept.

    A token is a keyed hash of the photo: the same photo has the same link as long as the server runs, and nobody
    finds the link of a photo without having been given it, because the key is drawn when the server starts.
    """

    def __init__(self, most: int) -> None:
        """Hold so many photos; with 1,024 features each takes about 10 kB."""
        self._most, self._key = most, secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._photos: OrderedDict[str, Photo] = OrderedDict()

    def keep(self, photo: Photo) -> str:
        """Keep a photo, and return its token; the one that was not used for longest may make room."""
        digest = hmac.digest(self._key, (photo.query.sha256 or "").encode(), hashlib.sha256)[:_TOKEN_BYTES]
        token = base64.urlsafe_b64encode(digest).decode()
        with self._lock:
            self._photos[token] = photo
            self._photos.move_to_end(token)
            if len(self._photos) > self._most:
                self._photos.popitem(last=False)
        return token

    def get(self, token: str) -> Photo | None:
        """A photo; None where it is no longer kept, or never was."""
        with self._lock:
            if token in self._photos:
                self._photos.move_to_end(token)
            return self._photos.get(token)
