"""Importing files: which ones, and what came of it."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.suggester import Suggester
from textual.widgets import Button, Input, Static

from curator.tui.importing import Imported, demo_files, import_files
from curator.tui.widgets.pairs import PairRows
from curator.tui.widgets.row_view import Column, RowView
from curator.tui.work import Ticket

DEMO = Path("demo")
"""Stands for the demo's files, wherever they will be written."""


@dataclass
class FilesImported(Message):
    """An import is over."""

    request: int
    imported: Imported


class _Paths(Suggester):
    """Goes on with the first file or folder that begins so."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        """Return the path that ``value`` may be the beginning of."""
        if not value:
            return None
        path = Path(value).expanduser()
        folder, start = (path, "") if value.endswith("/") else (path.parent, path.name)
        try:
            names = sorted(entry.name + "/" * entry.is_dir() for entry in folder.iterdir())
        except OSError:
            return None
        found = next((name for name in names if name.startswith(start) and name[:1] != "."), None)
        return None if found is None else value + found[len(start) :]


class ImportScreen(ModalScreen["Path | None"]):
    """The file, folder or archive to import; `DEMO` for the demo's files."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel")]

    def compose(self) -> ComposeResult:
        """Compose the question."""
        with Vertical(classes="dialog"):
            yield Static("Import DICOM files", markup=False, classes="heading")
            yield Static(
                "A folder, a file or a zip archive. Broken and foreign files are listed, with the reason.",
                markup=False,
            )
            yield Input(placeholder="/path/to/files", id="value", suggester=_Paths())
            yield Static("→ completes", id="preview", markup=False, classes="hint")
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="cancel", compact=True)
                yield Button("Demo data", id="demo", compact=True)
                yield Button("Import", id="do", compact=True, disabled=True)

    def on_mount(self) -> None:
        """Type at once."""
        self.query_one("#value").focus()

    def _path(self) -> Path:
        return Path(self.query_one("#value", Input).value.strip()).expanduser()

    @on(Input.Changed, "#value")
    def _typed(self, event: Input.Changed) -> None:
        there = bool(event.value.strip()) and self._path().exists()
        self.query_one("#do", Button).disabled = not there
        note = "" if there or not event.value.strip() else "  there is no such file or folder (yet)"
        self.query_one("#preview", Static).update(Text(f"→ completes{note}"))

    @on(Input.Submitted, "#value")
    @on(Button.Pressed, "#do")
    def _done(self) -> None:
        if not self.query_one("#do", Button).disabled:
            self.dismiss(self._path())

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
        return FilesImported(ticket.request, import_files(spec, path, ticket))
    with tempfile.TemporaryDirectory(prefix="curator-demo-") as folder:
        demo_files(Path(folder))
        return FilesImported(ticket.request, import_files(spec, Path(folder), ticket))


class ImportedScreen(ModalScreen[None]):
    """What could not be imported, and why."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,enter", "close", "Close")]

    def __init__(self, came: Imported) -> None:
        super().__init__()
        self._came = came

    def compose(self) -> ComposeResult:
        """Compose the summary and the list."""
        pairs: Sequence[tuple[str, tuple[str, str]]] = [
            (Path(file).name, (reason, "warn")) for file, reason in self._came.failures
        ]
        with Vertical(classes="dialog wide tall"):
            yield Static(Text(self._came.summary), markup=False, classes="heading")
            columns = (Column("name", "File", 24, grow=1), Column("value", "Why not", 30, grow=2))
            yield RowView(columns, PairRows(pairs), id="failures")
            yield Static("esc closes", markup=False, classes="hint")

    def on_mount(self) -> None:
        """Let the list scroll."""
        self.query_one("#failures").focus()

    def on_row_view_opened(self) -> None:
        """Enter closes, too."""
        self.dismiss(None)

    def action_close(self) -> None:
        """Close."""
        self.dismiss(None)
