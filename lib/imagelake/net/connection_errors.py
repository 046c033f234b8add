"""Connection errors as short texts for users, equal for equal causes so that they can be counted."""

from __future__ import annotations

import requests
from urllib3 import exceptions as urllib3_errors

# Tried in this order: some are subclasses of later ones.
_WORDS: tuple[tuple[type[Exception], str], ...] = (
    (urllib3_errors.NameResolutionError, "the host name is not known (no network, or no DNS)"),
    (urllib3_errors.NewConnectionError, "nothing answers at this address"),
    (urllib3_errors.TimeoutError, "no answer in time"),
    (urllib3_errors.ProxyError, "the proxy does not answer"),
    (urllib3_errors.SSLError, "the TLS certificate is not accepted"),
    (urllib3_errors.ProtocolError, "the connection broke"),
)


def plain_reason(error: requests.exceptions.RequestException) -> str:
    """The innermost cause of an error of requests or urllib3, without addresses, as a text to count by."""
    cause = _cause(error)
    for error_type, words in _WORDS:
        if isinstance(cause, error_type):
            return words
    return f"{type(error).__name__}: {cause}"


def was_answered(error: requests.exceptions.RequestException) -> bool:
    """Whether a server had accepted the connection: true for one that broke, false for one that was never made."""
    return isinstance(_cause(error), urllib3_errors.ProtocolError)


def _cause(error: requests.exceptions.RequestException) -> object:
    cause = error.args[0] if error.args else error
    return getattr(cause, "reason", cause)
