"""A worker process of an import: reads files by request until its parent is gone. See `workers`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import cast

from curator.errors import StoreError
from curator.localstore.framefiles import FrameFiles
from curator.localstore.imports.workers import READY, read_packed, receive, send


def main() -> None:
    """Serve the pipe that was standard output; whatever a decoder prints goes to standard error."""
    answers = os.dup(1)
    os.dup2(2, 1)
    frames = FrameFiles(Path(sys.argv[1]))
    send(answers, READY)
    while True:
        try:
            key, path = cast("tuple[str, str]", receive(0))
        except (EOFError, KeyboardInterrupt):
            return
        try:
            send(answers, read_packed(Path(path), key, frames))
        except StoreError as error:
            send(answers, error)


if __name__ == "__main__":
    main()
