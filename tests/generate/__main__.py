"""``python -m tests.generate NAME...``: rewrite generated tables."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def main(names: list[str]) -> None:
    for name in names:
        module = importlib.import_module(f"tests.generate.{name}")
        (ROOT / module.TARGET).write_text(module.generate(), encoding="utf-8")
        print(module.TARGET)


if __name__ == "__main__":
    main(sys.argv[1:])
