"""The token bucket by which calls are paced, without a clock of its own: real time and simulated time take the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

RECOVERY_SECONDS: Final = 30.0
"""After so long without a refusal a slowed bucket speeds up again."""
SLOWEST: Final = 1 / 16


@dataclass(slots=True)
class Bucket:
    """``rate`` calls a second and ``burst`` at once; ``free`` tokens as of ``stamp`` (seconds of any one clock)."""

    rate: float
    burst: float
    free: float  # below 0 are the calls that wait
    stamp: float
    factor: float = 1.0
    slowed: float = field(default=float("-inf"))

    def reserve(self, now: float) -> float:
        """Take a token and return how many seconds until it is there: first come, first served."""
        if self.factor < 1 and now - self.slowed > RECOVERY_SECONDS:
            self.factor, self.slowed = min(1.0, self.factor * 2), now
        rate = self.rate * self.factor
        self.free = min(self.burst, self.free + (now - self.stamp) * rate) - 1
        self.stamp = now
        return max(0.0, -self.free / rate)

    def slow(self, now: float) -> None:
        """Halve the rate, once for all refusals of one moment, and forget the burst."""
        if now - self.slowed > 1 / (self.rate * self.factor):
            self.factor = max(SLOWEST, self.factor / 2)
        self.slowed = now
        self.free = min(self.free, -1.0)
