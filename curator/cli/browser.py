"""``serve --web``: the terminal interface in a browser of this machine."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from curator.cli.output import write

if TYPE_CHECKING:
    from curator.cli.workbench import Workbench


def serve_to_browser(workbench: Workbench, port: int, ready_file: Path | None) -> None:
    """Serve until Ctrl-C; the address on stdout holds the token, and so does the ready file (0600)."""
    from curator.listening import bind, serve
    from curator.project import write_private
    from curator.web import Application
    from curator.web.gate import Gate

    listening = bind("127.0.0.1", port)
    gate = Gate(listening.getsockname()[1])

    def announce() -> None:
        if ready_file:
            write_private(ready_file, json.dumps({"url": gate.address, "pid": os.getpid()}).encode())
        write(gate.address)
        sys.stdout.flush()
        workbench.say("open this address in a browser on this machine (Ctrl-C stops)")

    try:
        serve(Application(_command(workbench), gate), listening, announce)
    finally:
        if ready_file:
            ready_file.unlink(missing_ok=True)
    workbench.say("stopped")


def _command(workbench: Workbench) -> list[str]:
    """Return the command that opens the terminal interface as these global options would."""
    command = [sys.executable, "-m", "curator", "--store", workbench.spec()]
    if workbench.project_folder is not None:
        command += ["--project", str(workbench.project_folder.absolute())]
    return [*command, "--read-only"] if workbench.read_only else command
