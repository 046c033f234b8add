"""The bytes of an image at an http or https address, within limits of time and size."""

from __future__ import annotations

import time

import requests

from imagelake.errors import ImageLakeError

CHUNK_BYTES = 65_536


def fetch_image(url: str, timeout_s: float, max_bytes: int) -> bytes:
    """Download one image.

    The address must come from the user who runs the job; see ``safe_fetch`` for addresses from others.

    Args:
        url: http:// or https://.
        timeout_s: seconds for the whole download.
        max_bytes: a longer answer is refused before it is read.

    Raises:
        ImageLakeError: no answer, not the status 200, too slow or too long; the message names the address.
    """
    ends = time.monotonic() + timeout_s
    try:
        with requests.get(url, timeout=timeout_s, stream=True) as response:
            response.raise_for_status()
            content = bytearray()
            for chunk in response.iter_content(CHUNK_BYTES):
                content += chunk
                if len(content) > max_bytes:
                    raise ImageLakeError(f"{url}: longer than the {max_bytes:,} bytes that search.url_max_bytes allows")
                if time.monotonic() > ends:
                    raise ImageLakeError(f"{url}: slower than the {timeout_s:g} s that search.url_timeout_s allows")
            return bytes(content)
    except requests.RequestException as error:
        raise ImageLakeError(f"{url}: could not be fetched: {error}") from None
