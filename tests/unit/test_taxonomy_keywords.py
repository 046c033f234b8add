"""Keywords of labels: two forms of the file, one spelling, and keywords of several labels."""

from __future__ import annotations

from pathlib import Path

import pytest

from imagelake.errors import ImageLakeError
from imagelake.taxonomy.keywords import plain, read_keywords


def test_forms_of_the_file_agree() -> None:
    """A list a label, counts a keyword, and a CSV say the same; case and underscores do not matter."""
    expected = {"tabby cat": ("cat",), "tomcat": ("cat",), "liner": ("ship",)}
    for text, name in (
        ('{"cat": ["Tabby_cat", "tomcat"], "ship": ["liner"]}', "keywords.json"),
        ('{"cat": {"tabby cat": 36, "tomcat": 2}, "ship": {"liner": 1}}', "keywords.json"),
        ("label,keyword\ncat,tabby_cat\ncat,tomcat\ncat,Tomcat\nship,liner\n", "keywords.csv"),
    ):
        assert read_keywords(text, name) == expected
    assert plain(" Tabby_Cat ") == "tabby cat"


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ('{"cat": "tom"}', "k.json", "'cat' has 'tom'; expected a list of keywords"),
        ('{"cat": [3]}', "k.json", "'cat' has the keyword 3; expected a text"),
        ('["cat"]', "k.json", "expected an object label -> keywords, found list"),
        ("{", "k.json", "is no JSON"),
        ("{}", "k.json", "no keyword is in it"),
        ('{"cat": [" "]}', "k.json", "an empty label or keyword"),
        ("label,word\n", "k.csv", "no column keyword"),
    ],
)
def test_what_is_no_list_of_keywords_is_refused(text: str, name: str, message: str) -> None:
    """The error names the file and what was found."""
    with pytest.raises(ImageLakeError, match=message):
        read_keywords(text, name)


def test_keywords_of_cifar_10_1_are_read(shared_data: Path) -> None:
    """Its published counts have ten classes; a cruiser is a car of the police and a ship."""
    file = shared_data / "overlap" / "keyword_counts_v6.json"
    keywords = read_keywords(file.read_text(encoding="utf-8"), file.name)
    assert len({label for found in keywords.values() for label in found}) == 10
    assert (keywords["tabby cat"], keywords["cruiser"]) == (("cat",), ("automobile", "ship"))
