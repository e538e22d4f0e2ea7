"""How long the long runs are: full size by their own command, a fiftieth in CI, with a seed that is printed."""

from __future__ import annotations

import os
import random


def soak_count(full: int) -> int:
    """Return how many rounds a soak test makes: ``full``, or a fiftieth (at least 2) under CI."""
    return max(2, full // 50) if os.environ.get("CI") else full


def soak_seed() -> int:
    """Return a random seed and print it; ``SOAK_SEED`` repeats a run."""
    seed = int(os.environ.get("SOAK_SEED") or random.SystemRandom().randrange(2**32))
    print(f"SOAK_SEED={seed}")
    return seed
