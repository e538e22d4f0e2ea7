"""The token bucket by which calls are paced, without a clock of its own: real time and simulated time take the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

RECOVERY_SECONDS: Final = 30.0
"""After so long without a refusal a slowed bucket speeds up again."""
SLOWEST: Final = 1 / 16
CALM: Final = 20
"""A refusal after so many calls' time without one is jitter on the way, and slows nothing down."""
PACE: Final = 0.98
"""The share of the service's rate that is used: with a burst of 1, a call that travels faster than the one before it
would come too early. At 0.25 calls a second this leaves 80 ms."""


@dataclass(slots=True)
class Bucket:
    """``rate`` calls a second and ``burst`` at once; ``free`` tokens as of ``stamp`` (seconds of any one clock)."""

    rate: float
    burst: float
    free: float  # below 0 are the calls that wait
    stamp: float
    factor: float = 1.0
    slowed: float = field(default=float("-inf"))
    refused: float = field(default=float("-inf"))

    def reserve(self, now: float) -> float:
        """Take a token and return how many seconds until it is there: first come, first served."""
        if self.factor < 1 and now - self.slowed > RECOVERY_SECONDS:
            self.factor, self.slowed = min(1.0, self.factor * 2), now
        rate = self.rate * self.factor
        self.free = min(self.burst, self.free + (now - self.stamp) * rate) - 1
        self.stamp = now
        return max(0.0, -self.free / rate)

    def slow(self, now: float) -> None:
        """Forget the burst; where refusals come one after the other, halve the rate, once for those of one moment."""
        interval = 1 / (self.rate * self.factor)
        calm, self.refused = now - self.refused > CALM * interval, now
        if calm:
            self.free = min(self.free, 0.0)
            return
        if now - self.slowed > interval:
            self.factor = max(SLOWEST, self.factor / 2)
        self.slowed = now
        self.free = min(self.free, -1.0)
