"""What a search is asked for, with one meaning for the job, the server and the terminal."""

from __future__ import annotations

from typing import Literal

ImageKind = Literal["photo", "depiction"]
PHOTO: ImageKind = "photo"
DEPICTION: ImageKind = "depiction"
