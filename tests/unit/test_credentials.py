"""What authenticates in an address is neither kept nor shown; the rest of it stays as it is."""

from __future__ import annotations

import pytest

from imagelake.net.credentials import without_credentials


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://ann:s3cret@host/a.jpg", "https://***@host/a.jpg"),
        ("https://token@host:8080/a", "https://***@host:8080/a"),
        ("https://b/a.jpg?X-Amz-Signature=abc&w=2", "https://b/a.jpg?X-Amz-Signature=***&w=2"),
        ("https://b/a.jpg?w=2&sig=abc%3D#x", "https://b/a.jpg?w=2&sig=***#x"),
        ("https://b/a.jpg?width=2&design=3", "https://b/a.jpg?width=2&design=3"),
        ("hdfs://namenode:8020/lake/a@b.jpg", "hdfs://namenode:8020/lake/a@b.jpg"),
        ("photos/me@home.jpg", "photos/me@home.jpg"),
    ],
)
def test_credentials_are_hidden_and_nothing_else(address: str, shown: str) -> None:
    """User, password, token and signature of an address; a name with an @ in it is none."""
    assert without_credentials(address) == shown


def test_settings_are_searched_through_and_through() -> None:
    """Lists and dictionaries keep their form; numbers and flags are left alone."""
    settings = {"search.queries": ["https://a:b@c/d", "e.jpg"], "index.probes": 0, "images.formats": {"x": None}}
    assert without_credentials(settings) == settings | {"search.queries": ["https://***@c/d", "e.jpg"]}
