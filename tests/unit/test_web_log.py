"""The log of the server cannot be flooded."""

from __future__ import annotations

import io
import logging
import time

from imagelake.web.log import FewOfEach, OneLine


def test_the_log_has_a_few_lines_of_each_kind() -> None:
    """Of a thousand records with changing values ten are written, then how many were left out; others still are."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(FewOfEach(period_s=0.2))
    log = logging.Logger("flooded")
    log.addHandler(handler)

    def bad_request(number: int) -> None:
        log.warning("bad request of %s", number)

    for number in range(1000):
        bad_request(number)
    log.warning("something else")
    assert stream.getvalue().splitlines() == [*(f"bad request of {n}" for n in range(10)), "something else"]
    time.sleep(0.25)
    bad_request(1000)
    assert stream.getvalue().splitlines()[-1] == "bad request of 1000 (and 990 more like this before)"


def test_a_client_cannot_write_lines_of_the_log() -> None:
    """A line break, a command of the terminal or a password in what a client sent is none in the log."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(OneLine("%(levelname)s: %(message)s"))
    log = logging.Logger("written to")
    log.addHandler(handler)
    log.warning("refused to fetch: %s", "http://a:s3cret@b/\nERROR: all is lost\x1b[2J")
    assert stream.getvalue() == "WARNING: refused to fetch: http://***@b/\\nERROR: all is lost\\x1b[2J\n"
    try:
        raise OSError("http://a:s3cret@b is gone")
    except OSError:
        log.exception("an error")
    assert "Traceback" in stream.getvalue()
    assert "s3cret" not in stream.getvalue()
