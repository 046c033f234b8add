"""The description of an export as Croissant, which search engines of data sets and machine-learning libraries read.

Croissant 1.1: Akhtar et al. (2024), Croissant: a metadata format for ML-ready datasets; http://mlcommons.org/croissant/1.1.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_MEDIA_TYPES = {
    "parquet": "application/x-parquet",
    "tar": "application/x-tar",
    "npz": "application/zip",
    "meta": "application/octet-stream",
    "csv": "text/csv",
    "jpg": "image/jpeg",
    "png": "image/png",
}
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


@dataclass(frozen=True)
class ExportedFile:
    """A file of an export: its path in the folder, bytes, and SHA-256 in hex."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Described:
    """What is said of a data set.

    Attributes:
        name: of the data set.
        description: a sentence or two.
        license: the licences' addresses, or where they are stated.
        published: the day, as 2026-11-26.
        splits: images by split.
        labels: the classes by their number.
    """

    name: str
    description: str
    license: Sequence[str]
    published: str
    splits: Mapping[str, int]
    labels: Sequence[str]


def croissant(described: Described, files: Sequence[ExportedFile], columns: Mapping[str, str]) -> str:
    """The file croissant.json.

    Args:
        described: the data set.
        files: all of them.
        columns: of the Parquet files, with their Croissant types; empty where there are none.
    """
    document: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "name": described.name,
        "description": described.description,
        "license": list(described.license),
        "url": "https://schema.org/Dataset",
        "version": "1.0.0",
        "datePublished": described.published,
        "citeAs": described.name,
        "distribution": [_file(file) for file in files],
        "recordSet": [_labels(described.labels)] if described.labels else [],
    }
    document["recordSet"] += [_records(file, columns) for file in files if columns and file.path.endswith(".parquet")]
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _file(file: ExportedFile) -> dict[str, Any]:
    ending = file.path.rpartition(".")[2]
    return {
        "@type": "cr:FileObject",
        "@id": file.path,
        "name": file.path,
        "contentUrl": file.path,
        "contentSize": f"{file.size} B",
        "encodingFormat": _MEDIA_TYPES.get(ending, "application/octet-stream"),
        "sha256": file.sha256,
    }


def _labels(labels: Sequence[str]) -> dict[str, Any]:
    """The classes, which the images' numbers refer to."""
    return {
        "@type": "cr:RecordSet",
        "@id": "labels",
        "name": "labels",
        "description": "The classes by their number.",
        "key": {"@id": "labels/class"},
        "field": [
            {"@type": "cr:Field", "@id": "labels/class", "name": "class", "dataType": "sc:Integer"},
            {"@type": "cr:Field", "@id": "labels/name", "name": "name", "dataType": "sc:Text"},
        ],
        "data": [{"labels/class": number, "labels/name": label} for number, label in enumerate(labels)],
    }


def _records(file: ExportedFile, columns: Mapping[str, str]) -> dict[str, Any]:
    """The rows of one Parquet file."""
    name = file.path.removesuffix(".parquet")
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"{name}/{column}",
                "name": column,
                "dataType": data_type,
                "source": {"fileObject": {"@id": file.path}, "extract": {"column": column}},
            }
            for column, data_type in columns.items()
        ],
    }
