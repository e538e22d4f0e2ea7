"""Importing files: which ones."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from curator.tui.importing import Imported, demo_files, import_files
from curator.tui.screens.picking import PathPicker
from curator.tui.work import Ticket

DEMO = Path("demo")
"""Stands for the demo's files, wherever they will be written."""


@dataclass
class FilesImported(Message):
    """An import is over."""

    request: int
    imported: Imported


class ImportScreen(ModalScreen["Path | None"]):
    """The file, folder or archive to import; `DEMO` for the demo's files."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel")]

    def compose(self) -> ComposeResult:
        """Compose the question."""
        with Vertical(classes="dialog tall"):
            yield Static("Import DICOM files", markup=False, classes="heading")
            yield Static(
                "A folder with all below it, a file or a zip archive. Broken and foreign files are listed, with "
                "the reason. Type a path (→ completes), or go ↓ into the list, where ⏎ opens.",
                markup=False,
            )
            yield PathPicker("/path/to/files")
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="cancel", compact=True)
                yield Button("Demo data", id="demo", compact=True)
                yield Button("Import", id="do", compact=True, disabled=True)

    @on(PathPicker.Chosen)
    def _chosen(self, event: PathPicker.Chosen) -> None:
        self.query_one("#do", Button).disabled = event.path is None

    @on(PathPicker.Taken)
    @on(Button.Pressed, "#do")
    def _done(self) -> None:
        path = self.query_one(PathPicker).path
        if path is not None:
            self.dismiss(path)

    @on(Button.Pressed, "#demo")
    def _demo(self) -> None:
        self.dismiss(DEMO)

    @on(Button.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.dismiss(None)

    def action_cancel(self) -> None:
        """Import nothing."""
        self.dismiss(None)


def imported(spec: str, path: Path, ticket: Ticket) -> FilesImported:
    """Import ``path`` (or the demo's files) in a `Work` thread."""
    if path is not DEMO:
        came = import_files(spec, path, ticket)
    else:
        with tempfile.TemporaryDirectory(prefix="curator-demo-") as folder:
            demo_files(Path(folder))
            came = import_files(spec, Path(folder), ticket)
    ticket.outcome = came.summary
    return FilesImported(ticket.request, came)
