"""Benchmarks: each module's `run` measures one thing beside its peer or limit, in one run on one machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

RECORDED = Path(__file__).with_name("recorded.json")
"""The figures of the last ``--record``: the manual shows them, later runs stand beside them."""


@dataclass(frozen=True, slots=True)
class Row:
    """One measured ratio: ``ours`` and ``peer`` in ``unit``, and the bound that performance.md sets on it."""

    work: str
    ours: float
    peer: float
    unit: str
    peer_name: str
    reach: str  # in words: "≤ 0.2 × stdlib gunzip+json"
    holds: bool

    @property
    def ratio(self) -> float:
        """Ours over the peer's."""
        return self.ours / self.peer if self.peer else float("inf")


def seconds(action: Callable[[], object], repeat: int = 5) -> float:
    """Return the median wall-clock seconds of ``repeat`` calls."""
    taken = []
    for _ in range(repeat):
        begin = time.perf_counter()
        action()
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken)
