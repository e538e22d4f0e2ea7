"""``tests/generate/retained.json``: what each bundled profile keeps and leaves, beside dicognito (extra ``bench``).

Kept as data, because the manual shows it and dicognito is not everywhere. The seed is fixed: the same again is the same.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib.metadata import version

TARGET = "tests/generate/retained.json"


def generate() -> str:
    """Return the file's text; RuntimeError where dicognito is not installed."""
    from tests.benchmarks.retained import measured, of_peer
    from tests.deid.test_bench import PROFILES

    if of_peer() is None:
        raise RuntimeError("dicognito is not installed: pip install '.[bench]'")
    rows = [asdict(measured(name)) for name in PROFILES]
    return json.dumps({"dicognito": version("dicognito"), "rows": rows}, indent=1) + "\n"
