"""The terminal interface. Nothing but `run` is public; importing this package loads no Textual."""

from __future__ import annotations

import os
from pathlib import Path

from curator.errors import UsageError

__all__ = ["run"]

PICTURES_PER_SECOND = "120"
"""A key waits for the next turn of Textual's clock, 8 ms on the average with its own 60: longer than painting takes."""


def run(
    store_spec: str, *, project: str | Path | None = None, read_only: bool = False, where: str = ""
) -> int:
    """Open the workbench on a data store and return the exit code when the user leaves.

    ``store_spec`` is any ``--store`` form, ``where`` a filter to start with. A signal that ends the program
    gives 128 plus its number. Raises `UsageError` without a terminal, or for a wrong configuration file.
    """
    import sys

    # Textual draws on stderr.
    if not (sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()):
        raise UsageError(
            "the terminal interface needs a terminal",
            hint="`curator --help` lists the verbs, which do not",
        )
    from curator.tui.collector import rest

    rest()
    os.environ.setdefault("TEXTUAL_FPS", PICTURES_PER_SECOND)
    from curator.tui.app import Workbench
    from curator.tui.config import load

    app = Workbench(store_spec, project=project, read_only=read_only, where=where, config=load())
    app.run()
    app.close_store()
    if app.failure is not None:
        raise app.failure
    return app.return_code or 0
