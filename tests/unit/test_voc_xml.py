"""Pascal VOC's XML: what LabelImg writes is read, and nothing that a file asks for is fetched or expanded."""

from __future__ import annotations

import pytest

from imagelake.transforms.ingest.voc_xml import MAX_BYTES, VocError, read_annotation

WHOLE = b"""<annotation verified="yes">
  <folder>cats</folder><filename>one.jpg</filename><path>C:\\cats\\one.jpg</path>
  <source><database>Unknown</database></source>
  <size><width>200</width><height>100</height><depth>3</depth></size><segmented>0</segmented>
  <object><name>tabby &amp; white</name><pose>Unspecified</pose><truncated>1</truncated><difficult>0</difficult>
    <bndbox><xmin>20</xmin><ymin>10</ymin><xmax>120</xmax><ymax>90</ymax></bndbox>
    <part><name>head</name><bndbox><xmin>1</xmin></bndbox></part></object>
  <object><name>dog</name></object>
</annotation>"""
BOMB = b"""<!DOCTYPE annotation [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<annotation><object><name>&b;</name></object></annotation>"""
OUTSIDE = b"""<!DOCTYPE annotation SYSTEM "file:///etc/passwd"><annotation/>"""


def test_an_annotation_is_read() -> None:
    """Objects with what is known of them; parts of an object do not take its name or box."""
    found = read_annotation(WHOLE)
    assert (found.filename, found.width, found.height, found.verified) == ("one.jpg", "200", "100", True)
    assert found.objects == [
        {"name": "tabby & white", "truncated": "1", "difficult": "0", "xmin": "20", "ymin": "10", "xmax": "120",
         "ymax": "90"},
        {"name": "dog"},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "verified"),
    [
        (b"<annotation/>", False),
        (b'<annotation verified="no"/>', False),
        (b"<annotation><verified>true</verified></annotation>", True),
        ("<?xml version='1.0' encoding='UTF-16'?><annotation verified='yes'/>".encode("utf-16"), True),
    ],
)
def test_verified_is_an_attribute_or_an_element(content: bytes, verified: bool) -> None:
    """LabelImg writes the attribute, and other tools an element."""
    assert read_annotation(content).verified == verified


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (WHOLE[:300], "not_xml"),
        (b"", "not_xml"),
        (b"\xff\xd8\xff\xe0", "not_xml"),
        (b"<?xml version='1.0' encoding='no-such'?><annotation/>", "not_xml"),
        (b"<annotation>&nbsp;</annotation>", "not_xml"),
        (BOMB, "document_type"),
        (OUTSIDE, "document_type"),
        (b"<html/>", "no_annotation"),
        (b"<annotation>" + b"<a>" * 20 + b"</a>" * 20 + b"</annotation>", "no_annotation"),
        (b"<annotation>" + b" " * MAX_BYTES + b"</annotation>", "too_large"),
    ],
)
def test_damaged_and_harmful_files_have_a_reason(content: bytes, reason: str) -> None:
    """Torn files, other files, entities and documents elsewhere."""
    with pytest.raises(VocError, match=f"^{reason}$"):
        read_annotation(content)
