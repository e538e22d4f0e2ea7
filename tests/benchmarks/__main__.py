"""``python -m tests.benchmarks [NAME...]``: print every ratio beside its peer."""

from __future__ import annotations

import importlib
import pkgutil
import sys

from tests import benchmarks


def main(names: list[str]) -> int:
    found = [module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name != "__main__"]
    missing = 0
    print(f"{'work':52} {'ours':>12} {'peer':>12} {'ratio':>8}  reach")
    for name in names or sorted(found):
        module = importlib.import_module(f"tests.benchmarks.{name}")
        for row in module.run() if hasattr(module, "run") else ():  # some only make data
            missing += not row.holds
            verdict = "" if row.holds else "   ← not reached"
            print(
                f"{row.work:52} {row.ours:>9.4g} {row.unit:<2} {row.peer:>9.4g} {row.unit:<2} {row.ratio:>8.3g}"
                f"  {row.reach} ({row.peer_name}){verdict}",
                flush=True,
            )
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
