"""One annotation in Pascal VOC's XML, as LabelImg writes it beside a photo.

Parsed with expat, which fetches nothing. A document type is refused, since only with one can entities be declared: they
could make gigabytes of a few lines, or name other files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

MAX_BYTES = 4 * 2**20
MAX_DEPTH = 16
COORDINATES = ("xmin", "ymin", "xmax", "ymax")
_OBJECT = ("annotation", "object")
_YES = ("yes", "true", "1")
_CELLS: dict[tuple[str, ...], str] = {
    **{(*_OBJECT, name): name for name in ("name", "truncated", "difficult")},
    **{(*_OBJECT, "bndbox", name): name for name in COORDINATES},
}
_HEAD: dict[tuple[str, ...], str] = {
    ("annotation", "filename"): "filename",
    ("annotation", "verified"): "verified",
    ("annotation", "size", "width"): "width",
    ("annotation", "size", "height"): "height",
}


class VocError(ValueError):
    """A file is no such annotation; its message is the reason: not_xml, document_type, no_annotation or too_large."""


@dataclass
class Annotation:
    """What a file says, as text.

    Attributes:
        filename: of the photo, as it was called when it was annotated.
        width, height: of the photo in pixels.
        verified: whether a person has marked it as verified.
        objects: of each its name, truncated, difficult, xmin, ymin, xmax and ymax, as far as they are there.
    """

    filename: str = ""
    width: str = ""
    height: str = ""
    verified: bool = False
    objects: list[Mapping[str, str]] = field(default_factory=list)


def read_annotation(content: bytes) -> Annotation:
    """The annotation of a file.

    Raises:
        VocError: it is none.
    """
    if len(content) > MAX_BYTES:
        raise VocError("too_large")
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = reader.start, reader.end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = reader.text, _refuse
    try:
        parser.Parse(content, True)
    except VocError:
        raise
    except (expat.ExpatError, LookupError, ValueError):  # the latter of encodings that Python does not know
        raise VocError("not_xml") from None
    return reader.found


def _refuse(*_: Any) -> None:
    raise VocError("document_type")


class _Reader:
    """Collects the texts of known elements."""

    def __init__(self) -> None:
        self.found = Annotation()
        self._path: list[str] = []
        self._text: list[str] = []
        self._object: dict[str, str] = {}

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""
        if not self._path:
            if name != "annotation":
                raise VocError("no_annotation")
            self.found.verified = attributes.get("verified", "").strip().lower() in _YES
        self._path.append(name)
        if len(self._path) > MAX_DEPTH:
            raise VocError("no_annotation")
        self._text = []

    def text(self, text: str) -> None:
        """A part of an element's text."""
        self._text.append(text)

    def end(self, _: str) -> None:
        """An element ends."""
        path, text = tuple(self._path), "".join(self._text).strip()
        self._path.pop()
        self._text = []
        if path in _CELLS:
            self._object[_CELLS[path]] = text
        elif path == _OBJECT:
            self.found.objects.append(self._object)
            self._object = {}
        elif path in _HEAD:
            name = _HEAD[path]
            if name == "verified":
                self.found.verified = text.lower() in _YES
            else:
                setattr(self.found, name, text)
