"""Numbers as text: thousands separated, shares with one decimal, a dash for a missing number."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

EN_DASH = "\N{EN DASH}"
MISSING = EN_DASH


def is_missing(value: Any) -> bool:
    """Whether a cell holds no number: None, or the NaN that pandas puts where an integer is null."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def whole(value: float | None) -> str:
    """A count: ``12,345``."""
    return MISSING if is_missing(value) else f"{round(value or 0):,}"


def compact(value: float) -> str:
    """A round count on an axis: ``400``, ``9,000``, ``150 k``, ``2.5 M``."""
    if abs(value) < 10_000:
        return f"{value:,.4g}"
    return f"{value / 1e3:g} k" if abs(value) < 1e6 else f"{value / 1e6:,g} M"


def decimal(value: float | None, digits: int = 1) -> str:
    """A measurement: ``1,234.5``."""
    return MISSING if is_missing(value) else f"{value:,.{digits}f}"


def percent(share: float | None) -> str:
    """A share from 0 to 1 with one decimal: ``12.3%``.

    Shares above 0 and below 1 are not rounded to these: ``<0.1%``, ``>99.9%``.
    """
    if share is None or is_missing(share):
        return MISSING
    if 0 < share < 0.0005:
        return "<0.1%"
    return ">99.9%" if 0.9995 <= share < 1 else f"{share:.1%}"


def interval(low: float | None, high: float | None) -> str:
    """The bounds of a share, a dash between: ``10.1-14.9%``."""
    if low is None or high is None or is_missing(low) or is_missing(high):
        return MISSING
    return f"{100 * low:.1f}{EN_DASH}{high:.1%}"


def duration(seconds: float | None) -> str:
    """A time in suitable units: ``4.2 s``, ``3 min 20 s``, ``2 h 5 min``."""
    if seconds is None or is_missing(seconds):
        return MISSING
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60:,} h {minutes % 60} min"


def moment(iso: str) -> str:
    """An ISO time in UTC as a date and the time of day: ``22 November 2026, 18:43 UTC``."""
    then = datetime.fromisoformat(iso).astimezone(UTC)
    return f"{then.day} {then:%B %Y, %H:%M} UTC"


def byte_size(count: float | None) -> str:
    """Bytes in powers of a thousand: ``1.2 MB``."""
    if count is None or is_missing(count):
        return MISSING
    size = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 999.5:
            return f"{size:,.0f} {unit}" if unit in {"bytes", "kB"} else f"{size:,.1f} {unit}"
        size /= 1000
    return f"{size:,.1f} TB"


def share_of(part: float | None, total: float | None) -> float | None:
    """A part divided by the total; None for a total of 0."""
    if part is None or not total or is_missing(part) or is_missing(total):
        return None
    return part / total


def plural(count: float, one: str, many: str = "") -> str:
    """A count with its noun: ``1 image``, ``2,000 images``."""
    return f"{whole(count)} {one if count == 1 else many or one + 's'}"
