"""Files into an embedded store: the command line's own import, in a process of its own.

Reading and compressing pixels would keep the screen waiting in this process; several processes may open one
store. Ctrl-C is how the verb is told to stop; what was imported until then stays.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from curator.dicom import Json
from curator.errors import Cancelled, CuratorError

if TYPE_CHECKING:
    from curator.tui.work import Ticket

_PROGRESS = re.compile(r"(\d+) of (\d+) files,")
_SUMMARY = re.compile(r"\d+ of \d+ files imported into .*")


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of an import: the sentence that sums it up, and (file, reason) of what failed or got in otherwise."""

    summary: str
    failures: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    warnings: tuple[tuple[str, str], ...] = field(default=(), repr=False)


def import_files(spec: str, path: Path, ticket: Ticket) -> Imported:
    """Import what is at ``path`` (a file, folder or zip archive) into the store ``spec``.

    Raises `CuratorError` with the verb's last words when it fails, `Cancelled` when the user stops it.
    """
    command = [sys.executable, "-m", "curator", "--store", spec, "import", "--json", str(path)]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        told: list[str] = []
        listener = threading.Thread(target=_listen, args=(process, ticket, told), daemon=True)
        listener.start()
        stopper = threading.Thread(target=_stop_when_asked, args=(process, ticket), daemon=True)
        stopper.start()
        answer = process.stdout.read() if process.stdout else ""
        listener.join()
        code = process.wait()
    if ticket.cancelled:
        raise Cancelled("import: cancelled")
    if code not in (0, 1):
        raise CuratorError("the import failed", hint=told[-1] if told else f"exit code {code}")
    summary = next((line for line in reversed(told) if _SUMMARY.match(line)), "imported")
    return imported_of(summary, answer)


def _listen(process: subprocess.Popen[str], ticket: Ticket, told: list[str]) -> None:
    for line in process.stderr or ():
        told.append(line.strip())
        found = _PROGRESS.match(line)
        if found:
            ticket.done, ticket.total = int(found[1]), int(found[2])
            ticket.changed()


def _stop_when_asked(process: subprocess.Popen[str], ticket: Ticket) -> None:
    while process.poll() is None:
        if ticket.stop.wait(0.2):
            process.send_signal(signal.SIGINT)
            return


def imported_of(summary: str, answer: str) -> Imported:
    """Return what the verb's JSON says of an import: one job its own document, several as ``jobs``."""
    try:
        document = json.loads(answer)
    except ValueError:
        return Imported(summary)
    jobs = document.get("jobs", [document])
    failures = (
        (str(entry.get("inputFile", "")), str(entry.get("message", "")))
        for job in jobs
        for entry in job.get("failures", ())
    )
    warnings = (
        (str(entry.get("inputFile", "")), _warning(entry))
        for job in jobs
        for entry in job.get("warnings", ())
    )
    return Imported(summary, tuple(failures), tuple(warnings))


def _warning(entry: Mapping[str, Json]) -> str:
    """Return what is otherwise in the image set than in the file; with the values, which are shown on screens only."""
    match entry.get("warningType"):
        case "LevelDisagreement":
            found = "has none" if entry.get("absent") else f"says {_told(entry.get('found'))}"
            element = f"{entry.get('level')}/{entry.get('attribute')}"
            return f"{element}: the image set keeps {_told(entry.get('kept'))}, this file {found}"
        case "InstanceReplaced":
            return "a later file of the same SOP Instance UID took its place"
        case other:
            return str(other or "warning")


def _told(value: Json) -> str:
    return value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)


def demo_files(folder: Path) -> None:
    """Write the demo's files into ``folder``: real DICOM, and copies with faults planted on purpose."""
    from curator.demo_data import seed

    seed(folder)
