"""``python -m tests.generate NAME...``: rewrite generated tables."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def main(names: list[str]) -> None:
    for name in names:
        module = importlib.import_module(f"tests.generate.{name}")
        made = module.generate()
        files = {"": made.encode()} if isinstance(made, str) else made  # one file, or a folder of them
        for file, content in files.items():
            target = ROOT / module.TARGET / file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        print(module.TARGET)


if __name__ == "__main__":
    main(sys.argv[1:])
