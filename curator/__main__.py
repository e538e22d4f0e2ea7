"""The command ``curator``: with a verb the command line, without one the terminal interface."""

from __future__ import annotations

import sys
import warnings


def main(words: list[str] | None = None) -> int:
    """Run ``curator`` with the given words (default: the process's own) and return its exit code."""
    from curator.cli.main import run

    warnings.filterwarnings("ignore", module=r"pydicom\b")  # they quote the values they complain of
    return run(sys.argv[1:] if words is None else words)


if __name__ == "__main__":
    sys.exit(main())
