"""``python -m tests.benchmarks [--record] [NAME...]``: print every ratio beside its peer, and beside the recorded one."""

from __future__ import annotations

import datetime
import importlib
import json
import os
import pkgutil
import platform
import sys
from collections.abc import Iterator

from tests import benchmarks
from tests.benchmarks import RECORDED, Row


def main(words: list[str]) -> int:
    """Run the named benchmarks, or all; 1 when a bound was not reached. ``--record`` keeps the figures."""
    names = [word for word in words if not word.startswith("-")]
    known = _recorded()
    print(f"{'work':52} {'ours':>12} {'peer':>12} {'ratio':>8} {'recorded':>8}  reach")
    rows = []
    for row in _run(names):
        rows.append(row)
        before = known.get((row.work, row.peer_name))
        verdict = "" if row.holds else "   ← not reached"
        print(
            f"{row.work:52} {row.ours:>9.4g} {row.unit:<2} {row.peer:>9.4g} {row.unit:<2} {row.ratio:>8.3g}"
            f" {'' if before is None else format(before, '.3g'):>8}  {row.reach} ({row.peer_name}){verdict}",
            flush=True,
        )
    if "--record" in words:
        _record(rows)
    return 0 if all(row.holds for row in rows) else 1


def _run(names: list[str]) -> Iterator[Row]:
    found = sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__))
    for name in names or [each for each in found if each != "__main__"]:
        module = importlib.import_module(f"tests.benchmarks.{name}")
        if hasattr(module, "run"):  # some only make data
            yield from module.run()


def _recorded() -> dict[tuple[str, str], float]:
    if not RECORDED.exists():
        return {}
    rows = json.loads(RECORDED.read_text(encoding="utf-8"))["rows"]
    return {(row["work"], row["peer_name"]): row["ratio"] for row in rows}


def _record(rows: list[Row]) -> None:
    machine = f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} shared cores"
    told = [
        {
            "work": row.work,
            "ours": row.ours,
            "peer": row.peer,
            "unit": row.unit,
            "peer_name": row.peer_name,
            "ratio": row.ratio,
            "reach": row.reach,
            "holds": row.holds,
        }
        for row in rows
    ]
    record = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": machine,
        "rows": told,
    }
    RECORDED.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
