"""How numbers and names are written for a reader."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagelake.reports import numbers
from imagelake.reports.names import ELLIPSIS, clean_name, listed, short_name, words

NAN = float("nan")


@pytest.mark.parametrize(
    ("write", "value", "text"),
    [
        (numbers.whole, 0, "0"),
        (numbers.whole, 1234567, "1,234,567"),
        (numbers.whole, 12.0, "12"),
        (numbers.compact, 0.5, "0.5"),
        (numbers.compact, 9000, "9,000"),
        (numbers.compact, 9999, "9,999"),
        (numbers.compact, 10_000, "10 k"),
        (numbers.compact, 150_000, "150 k"),
        (numbers.compact, 2_500_000, "2.5 M"),
        (numbers.decimal, 1234.56, "1,234.6"),
        (numbers.percent, 0.1234, "12.3%"),
        (numbers.percent, 0.0, "0.0%"),
        (numbers.percent, 1.0, "100.0%"),
        (numbers.percent, 0.0001, "<0.1%"),
        (numbers.percent, 0.9999, ">99.9%"),
        (numbers.duration, 4.24, "4.2 s"),
        (numbers.duration, 59.97, "1 min 0 s"),
        (numbers.duration, 200, "3 min 20 s"),
        (numbers.duration, 7500, "2 h 5 min"),
        (numbers.byte_size, 999, "999 bytes"),
        (numbers.byte_size, 1_230_000, "1.2 MB"),
        (numbers.byte_size, 2.5e15, "2,500.0 TB"),
        (numbers.moment, "2026-11-22T23:30:00-02:00", "23 November 2026, 01:30 UTC"),
    ],
)
def test_a_number_reads_as_a_person_writes_it(write: object, value: float, text: str) -> None:
    """Thousands are apart, shares have one decimal, and nothing small or nearly whole is rounded away."""
    assert callable(write)
    assert write(value) == text


@pytest.mark.parametrize("value", [None, NAN])
def test_no_number_is_a_dash(value: float | None) -> None:
    """Null, and the NaN that pandas makes of it, never read as 0."""
    for write in (numbers.whole, numbers.decimal, numbers.percent, numbers.duration, numbers.byte_size):
        assert write(value) == numbers.MISSING
    assert numbers.interval(value, 0.5) == numbers.interval(0.5, value) == numbers.MISSING
    assert numbers.share_of(value, 3) is None


def test_an_interval_has_one_unit() -> None:
    """The bounds share a percent sign."""
    assert numbers.interval(0.1014, 0.1486) == f"10.1{numbers.EN_DASH}14.9%"


def test_a_part_of_nothing_is_unknown() -> None:
    """Dividing by zero images gives no share rather than an error."""
    assert numbers.share_of(1, 0) is None
    assert numbers.share_of(1, 4) == 0.25


def test_a_noun_follows_its_count() -> None:
    """One image, two images, and boxes where an s is not enough."""
    assert numbers.plural(1, "image") == "1 image"
    assert numbers.plural(0, "image") == "0 images"
    assert numbers.plural(2000, "box", "boxes") == "2,000 boxes"


@given(st.text())
def test_a_clean_name_stays_on_its_line(text: str) -> None:
    """No line break, control character or direction override is left, and cleaning twice changes nothing."""
    cleaned = clean_name(f"a\u202e{text}\x1b")
    assert not set(cleaned) & set("\n\r\t\x00\u2028\u202e\u200f")
    assert clean_name(cleaned) == cleaned


@given(st.text(), st.integers(1, 30))
def test_a_short_name_fits(text: str, width: int) -> None:
    """A name never takes more columns than there are, and is whole where it fits."""
    short = short_name(text, width)
    assert len(short) <= width
    assert short == clean_name(text) or short.endswith(ELLIPSIS)


def test_a_wide_letter_takes_two_columns() -> None:
    """Names in East Asian scripts are cut earlier, so that they stay off the bars."""
    assert short_name("大熊猫", 6) == "大熊猫"
    assert short_name("大熊猫大熊猫", 6) == f"大熊{ELLIPSIS}"


def test_an_identifier_becomes_words() -> None:
    """Reasons are read as words."""
    assert words("low_confidence") == "low confidence"


def test_a_list_of_names_says_what_it_leaves_out() -> None:
    """A few names are whole, of many the first are followed by how many more there are."""
    assert listed([], 2) == ""
    assert listed(["a", "b\n"], 2) == "a, b"
    assert listed(["a", "b", "c", "d"], 2) == "a, b and 2 more"
