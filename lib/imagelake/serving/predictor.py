"""The lake's network applied to photos from outside: a query and a thumbnail of each, as many at a time as cores."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagelake.lake.predicting_network import predicting_network
from imagelake.search.query import Query, query_of_photo
from imagelake.vision.decode import Decoded, decode_image
from imagelake.vision.network import Network, open_network
from imagelake.vision.thumbnails import thumbnail, thumbnail_of

if TYPE_CHECKING:
    from imagelake.lake.published import PublishedLake
    from imagelake.vision.limits import Limits


@dataclass(frozen=True, eq=False)
class Photo:
    """A photo from outside that was looked at: what is searched for, and a small JPEG of it."""

    query: Query
    thumbnail: bytes


class Predictor:
    """The network of a lake, opened once a thread that may use it at a time; more threads wait for their turn."""

    def __init__(self, lake: PublishedLake, limits: Limits, side: int, threads: int) -> None:
        """Open the network that predicted the lake's images, and the trained head where one did.

        Args:
            lake: with the folder model, and heads where predict_images was run with one.
            limits: what one photo may cost.
            side: pixels of the small pictures.
            threads: photos at a time; each opened network holds its weights once.

        Raises:
            ImageLakeError: there is no network, or the head is gone.
        """
        self.network, self._limits, self._side = predicting_network(lake.manifest, lake.read_file), limits, side
        self._networks: queue.LifoQueue[Network] = queue.LifoQueue()
        for _ in range(threads):
            self._networks.put(open_network(self.network.packed))

    @contextmanager
    def _turn(self) -> Iterator[Network]:
        opened = self._networks.get()
        try:
            yield opened
        finally:
            self._networks.put(opened)

    def predict(self, content: bytes) -> Photo:
        """Decode and score one photo.

        Raises:
            ImageError: it is none, or costs more than the limits allow.
        """
        with self._turn() as opened:
            decoded = decode_image(content, self._limits)
            query = query_of_photo(content, decoded, opened, self.network)
            return Photo(query, thumbnail_of(decoded, self._side))

    def predict_part(self, content: bytes, box: tuple[float, float, float, float]) -> Photo:
        """Decode a photo and score a part of it alone.

        Args:
            content: the file.
            box: left, top, right and bottom of the part, as shares of the upright picture, 0 to 1.

        Raises:
            ImageError: it is no photo, or costs more than the limits allow.
        """
        with self._turn() as opened:
            decoded = decode_image(content, self._limits)
            whole = decoded.upright(decoded.image)
            left, top = int(box[0] * whole.width), int(box[1] * whole.height)
            right, bottom = max(left + 1, round(box[2] * whole.width)), max(top + 1, round(box[3] * whole.height))
            part = whole.crop((left, top, right, bottom))
            cropped = Decoded(part, part.size, 1)
            # Named by what it is a part of, so that each part has a link of its own; no file of the lake has this hash.
            name = content + f" {left},{top},{right},{bottom}".encode()
            return Photo(query_of_photo(name, cropped, opened, self.network), thumbnail_of(cropped, self._side))

    def shrink(self, content: bytes) -> bytes:
        """A small picture of an image of the lake.

        Raises:
            ImageError: it cannot be decoded.
        """
        return thumbnail(content, self._side, self._limits)
