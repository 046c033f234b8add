"""Credentials in addresses, and in settings that hold addresses, made unreadable before they are kept or shown."""

from __future__ import annotations

import re
from typing import TypeVar

T = TypeVar("T")
HIDDEN = "***"
_USER = re.compile(r"(?<=://)[^/?#\s@]+(?=@)")
# Of signed addresses and tokens: AWS, Azure, Google, and what is called so by many.
_PARAMETER = re.compile(
    r"(?i)(?<=[?&])((?:x-amz-(?:signature|credential|security-token)|x-goog-(?:signature|credential)|sig|signature|"
    r"token|access_token|api_?key|key|secret|password|passwd|pwd)=)[^&#\s]+"
)


def without_credentials(value: T) -> T:
    """A text, list or dictionary without what authenticates in its addresses: user, password, signed parameters."""
    hidden: object = value
    if isinstance(value, str):
        hidden = _PARAMETER.sub(rf"\1{HIDDEN}", _USER.sub(HIDDEN, value))
    elif isinstance(value, dict):
        hidden = {name: without_credentials(one) for name, one in value.items()}
    elif isinstance(value, list):
        hidden = [without_credentials(one) for one in value]
    return hidden  # type: ignore[return-value]
