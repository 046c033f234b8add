"""Waits between attempts, the same for whatever is tried again over a network; tenacity makes the attempts."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """How long to wait before each new attempt; what is called says itself for how long it is tried."""

    first_wait_s: float = 0.5
    longest_wait_s: float = 60.0

    def wait_s(self, failures: int) -> float:
        """Seconds before the next attempt: doubled each time, and varied so that workers do not come in step.

        Of tenacity's own waits, the varied ones may be no wait at all or exceed their limit.
        """
        return min(self.longest_wait_s, self.first_wait_s * 2.0 ** min(failures - 1, 30)) * random.uniform(0.5, 1.0)
