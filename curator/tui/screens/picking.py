"""Choosing a folder or a file: a line to type the path, and what lies there to walk through."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input, Static

from curator.printable import plural, printable
from curator.tui.bench import bench_of
from curator.tui.rows import Cell, Column
from curator.tui.widgets.row_view import RowView

MOST = 10_000
"""Entries that are listed of one folder."""

COLUMNS = (Column("name", "", 24, grow=1), Column("size", "", 10, right=True))
UP = ".."


@dataclass(frozen=True, slots=True)
class Entry:
    """One file or folder; ``size`` in bytes, of a file."""

    name: str
    folder: bool
    size: int = 0


@dataclass
class FolderRead(Message):
    """What lies in a folder."""

    request: int
    folder: Path
    entries: Sequence[Entry] = field(repr=False)
    problem: str = ""


def read_folder(folder: Path) -> tuple[list[Entry], str]:
    """Return what lies in a folder, folders first, hidden ones left out, and why it cannot be read, if so."""
    found: list[Entry] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if len(found) == MOST:
                    break
                is_folder = entry.is_dir()
                found.append(Entry(entry.name, is_folder, 0 if is_folder else entry.stat().st_size))
    except OSError as error:
        return found, error.strerror or type(error).__name__
    return sorted(found, key=lambda entry: (not entry.folder, entry.name.casefold())), ""


class EntryRows:
    """`Rows` over a folder's entries, the way up first."""

    def __init__(self, entries: Sequence[Entry] = ()) -> None:
        self.entries = [Entry(UP, folder=True), *entries]

    def __len__(self) -> int:
        return len(self.entries)

    def key(self, index: int) -> str:
        """Return the name."""
        return self.entries[index].name

    def cells(self, index: int, columns: Sequence[Column]) -> Sequence[Cell]:
        """Return name and size."""
        entry = self.entries[index]
        return (
            ((f"{entry.name}/", "accent"), "") if entry.folder else (entry.name, (_bytes(entry.size), "dim"))
        )


def _bytes(size: int) -> str:
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size //= 1000
    return f"{size:,} GB"


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


def _straight(path: Path) -> Path:
    """Return a path that nowhere goes up again; a link that was walked into keeps its name."""
    return path.resolve() if UP in path.parts else path


class PathPicker(Vertical):
    """A path: typed, or walked to. Posts `Chosen` when it is another one, `Taken` when enter says that it is it."""

    @dataclass
    class Chosen(Message):
        """Another path stands in the line; None: nothing that is there."""

        path: Path | None

    @dataclass
    class Taken(Message):
        """Enter was pressed in the line."""

    def __init__(self, placeholder: str) -> None:
        super().__init__()
        self._placeholder = placeholder
        self._rows = EntryRows()
        self._folder: Path | None = None
        self._request = 0

    def compose(self) -> ComposeResult:
        """Compose the line, the list, and what the list is of."""
        yield Input(placeholder=self._placeholder, id="value", suggester=_Paths())
        yield RowView(COLUMNS, self._rows, id="entries")
        yield Static("", id="folder", markup=False, classes="hint")

    def on_mount(self) -> None:
        """Begin where the program was started."""
        self.query_one("#value").focus()
        self._read(Path.cwd())

    @property
    def path(self) -> Path | None:
        """Return the path in the line, if there is such a file or folder."""
        value = self.query_one("#value", Input).value.strip()
        path = Path(value).expanduser()
        return _straight(path) if value and path.exists() else None

    @on(Input.Changed, "#value")
    def _typed(self, event: Input.Changed) -> None:
        path = self.path
        self.post_message(self.Chosen(path))
        typed = Path(event.value.strip()).expanduser()
        folder = path if path is not None and path.is_dir() else typed.parent
        if event.value.strip() and folder.is_dir():
            self._read(folder)
        if path is None and event.value.strip():
            self.query_one("#folder", Static).update("there is no such file or folder (yet)")
        else:
            self._tell()

    @on(Input.Submitted, "#value")
    def _submitted(self) -> None:
        self.post_message(self.Taken())

    def on_key(self, event: events.Key) -> None:
        """Go down from the line into the list."""
        if event.key == "down" and self.query_one("#value").has_focus:
            event.stop()
            self.query_one("#entries").focus()

    # --- the list

    def _read(self, folder: Path) -> None:
        folder = _straight(folder).absolute()
        if folder == self._folder:
            return
        self._folder = folder

        self._request = bench_of(self).work.begin(
            "list a folder",
            self,
            lambda ticket: FolderRead(ticket.request, folder, *read_folder(folder)),
            quiet=True,
        )

    def on_folder_read(self, message: FolderRead) -> None:
        """Show what lies there."""
        if message.request == self._request:
            self._rows = EntryRows(message.entries)
            self.query_one("#entries", RowView).show(self._rows, cursor=0)
            self._tell(message.problem)

    def _tell(self, problem: str = "") -> None:
        """Say what the list is of."""
        files = [entry for entry in self._rows.entries[1:] if not entry.folder]
        folders = len(self._rows.entries) - 1 - len(files)
        there = problem or f"{plural(len(files), 'file')}, {plural(folders, 'folder')}"
        self.query_one("#folder", Static).update(Text(printable(f"{there} in {self._folder}")))

    @on(RowView.Opened, "#entries")
    def _opened(self) -> None:
        name = self.query_one("#entries", RowView).current
        if self._folder is None or not name:
            return
        path = self._folder.parent if name == UP else self._folder / name
        line = self.query_one("#value", Input)
        line.value = f"{path}/" if path.is_dir() and path != path.parent else str(path)
        line.cursor_position = len(line.value)
