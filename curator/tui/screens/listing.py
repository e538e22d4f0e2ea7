"""Reading the list of image sets: from the catalogue at once, then what the store says now; importing into it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from rich.text import Text
from textual import on
from textual.widgets import Button, Static

from curator.catalogue.rows import Row
from curator.errors import CuratorError
from curator.tui.collector import settle
from curator.tui.image_set_columns import BY_KEY, SHOWN
from curator.tui.image_set_rows import ImageSetRows
from curator.tui.messages import RowsCame, RowsRead, TextsRead, Written
from curator.tui.rows import Column
from curator.tui.screens.filtered import FilteredPlace
from curator.tui.screens.first_run import FirstRun
from curator.tui.screens.import_files import DEMO, FilesImported, ImportScreen, imported
from curator.tui.screens.imported import ImportedScreen
from curator.tui.widgets.set_list import SetList
from curator.tui.work import Failed, Ticket

_NOT_WHEN_EMPTY = ("modality", "series_description", "study_description", "patient_name", "conflicts")


class ListingPlace(FilteredPlace):
    """A place with a `SetList`, a `FirstRun` card and ``#blank``, which stands there when there is no list."""

    LIST = "#list"

    def __init__(self) -> None:
        super().__init__()
        self.rows = ImageSetRows()
        self.shown_columns: tuple[str, ...] = SHOWN
        self._request = 0
        self._quiet = 0  # the request that nobody asked for
        self._complete = False
        self._import_request = 0
        self._texts_request = 0
        self._shown_rows: Sequence[Row] = ()
        self._looked_up: list[str] = []
        self.cursor_wanted = ""  # where the cursor goes when its row has come

    @property
    def view(self) -> SetList:
        """Return the list."""
        return self.query_one("#list", SetList)

    def on_mount(self) -> None:
        """Say what is going on."""
        self.query_one("#first-run").display = False
        self._show_state()

    # --- reading

    def store_opened(self) -> None:
        """Read the list."""
        self._read()

    def store_failed(self, error: CuratorError) -> None:
        """Say why there is no list."""
        self._complete = False
        self._show_state(error)
        settle()

    def store_moved(self) -> None:
        """Show what other programs did, without a word, also where it fails: the next thing asked for will tell."""
        session = self.bench.session
        if session is None or not self._complete:
            return

        def read(ticket: Ticket) -> RowsRead:
            rows = session.rows_now(ticket)
            return RowsRead(ticket.request, rows, [row.haystack for row in rows], final=True)

        self._request = self._quiet = self.bench.work.begin("read what changed", self, read, quiet=True)

    def do_refresh(self) -> None:
        """Read the list again, all of it; what is shown stays until it is replaced."""
        self._read(anew=True)

    def _read(self, *, anew: bool = False) -> None:
        session = self.bench.session
        if session is None:
            self.bench.open_store()
            self._show_state()
            return

        def read(ticket: Ticket) -> RowsRead:
            told: list[RowsRead] = []

            def came(rows: Sequence[Row]) -> None:
                self.post_message(RowsCame(ticket.request, rows))

            def known(rows: Sequence[Row]) -> None:
                told.append(RowsRead(ticket.request, rows, [row.haystack for row in rows], final=False))
                self.post_message(told[-1])

            rows = session.rows(ticket, came, known, whole=anew)
            if told and rows is told[-1].rows:
                return RowsRead(ticket.request, rows, told[-1].haystacks, final=True)
            return RowsRead(ticket.request, rows, [row.haystack for row in rows], final=True)

        self._request = self.bench.work.begin("read the list of image sets", self, read)

    def show_known(self) -> None:
        """Show what the catalogue holds, without asking the store."""
        session = self.bench.session
        if session is not None:

            def read(ticket: Ticket) -> RowsRead:
                rows = session.catalogue.rows()
                return RowsRead(ticket.request, rows, [row.haystack for row in rows], final=True)

            self._request = self._quiet = self.bench.work.begin("show what was read", self, read, quiet=True)

    def on_rows_came(self, message: RowsCame) -> None:
        """Show what came, while nothing better is shown."""
        if message.request == self._request and message.rows and not self._complete:
            self._changing(lambda: self.rows.add(message.rows))

    def on_rows_read(self, message: RowsRead) -> None:
        """Show all rows, without moving the cursor from its image set; marks of what is no more go."""
        if message.request != self._request:
            return
        self._complete = self._complete or message.final
        if message.rows is not self._shown_rows:
            self._shown_rows = message.rows
            self._changing(lambda: self.rows.replace(message.rows, message.haystacks))
        self.view.keep_marks()
        self.tell()
        self.call_after_refresh(settle)

    def _changing(self, change: Callable[[], None]) -> None:
        view = self.view
        current = view.current
        change()
        place = self.rows.place(current) if current and view.cursor > 0 else -1
        if self.cursor_wanted and view.cursor <= 0 and (wanted := self.rows.place(self.cursor_wanted)) >= 0:
            place, self.cursor_wanted = wanted, ""
        view.show(columns=self.columns_now(), cursor=place)
        self._show_state()
        self.rows_changed()
        self.tell()

    def rows_changed(self) -> None:
        """Other rows are shown, or the same ones say something else: look up what the filter asks beyond them."""
        session, unknown = self.bench.session, self.rows.unknown
        if session is None or not unknown or unknown == self._looked_up:
            return
        self._looked_up = unknown

        def look_up(ticket: Ticket) -> TextsRead:
            texts = {each: session.catalogue.texts(each, lambda: ticket.cancelled) for each in unknown}
            ticket.check()
            return TextsRead(ticket.request, texts)

        self._texts_request = self.bench.work.begin("look up elements", self, look_up)

    def on_texts_read(self, message: TextsRead) -> None:
        """Filter by the elements' texts."""
        if message.request == self._texts_request:
            self._looked_up = []
            self._changing(lambda: self.rows.know(message.texts))

    def filter_rows(self, text: str) -> None:
        """Narrow the list, the cursor staying on its image set."""
        view = self.view
        current = view.current
        self.rows.filter(text)
        self.field.set_class(bool(self.rows.problem), "wrong")
        view.show(cursor=max(0, self.rows.place(current)))
        self.rows_changed()

    def failed(self, message: Failed) -> None:
        """A failed list shows why in its place; anything else is told."""
        if message.request == self._import_request:
            super().failed(message)
            self.do_refresh()  # what was imported until then stays
        elif message.request == self._request and not self.rows.total:
            self._show_state(message.error)
        elif message.request != self._quiet:
            super().failed(message)
        if message.request == self._texts_request:
            self._looked_up = []

    def written(self, message: Written) -> None:
        """Another screen changed an image set: show its new version at once."""
        row = self.rows.of(message.image_set)
        if row is not None:
            self.rows.add([_at_version(row, int(message.version))])
            self.view.redraw()
        self.do_refresh()

    def columns_now(self) -> list[Column]:
        """Return the columns chosen, without those in which no row says anything."""
        columns = [BY_KEY[key] for key in self.shown_columns]
        if not self.rows.total:
            return columns
        return [
            column for column in columns if column.key not in _NOT_WHEN_EMPTY or self.rows.has(column.key)
        ]

    def _show_state(self, error: CuratorError | None = None) -> None:
        """Choose what is in the middle: the list, a first-run page, or one sentence."""
        empty = self._complete and not self.rows.total and error is None
        text = ""
        if error is not None:
            text = f"{error}\n\nr tries again."
        elif not self.rows.total and not self._complete:
            text = "Opening the data store …" if self.bench.session is None else "Reading the list …"
        blank = self.query_one("#blank", Static)
        blank.update(Text(text, style="bold" if error else ""))
        blank.display = bool(text)
        self.query_one("#middle").display = not text and not empty
        first_run = self.query_one("#first-run", FirstRun)
        if empty and not first_run.display:
            first_run.display = True
            session = self.bench.session
            first_run.welcome(
                embedded=session is not None and session.embedded, read_only=self.bench.read_only
            )
        elif not empty and first_run.display:
            first_run.display = False
            self.view.focus()

    # --- importing

    def do_import(self) -> None:
        """Ask which files, and import them."""
        self.app.push_screen(ImportScreen(), self._import)

    @on(Button.Pressed, "#import")
    def _import_pressed(self) -> None:
        self.perform("image-sets.import")

    @on(Button.Pressed, "#demo")
    def _demo_pressed(self) -> None:
        self._import(DEMO)

    def _import(self, path: Path | None) -> None:
        if path is not None:
            spec = self.bench.store_spec
            self._import_request = self.bench.work.begin(
                "import files", self, lambda ticket: imported(spec, path, ticket), writes=True
            )

    def on_files_imported(self, message: FilesImported) -> None:
        """Show what came of the import, and the new image sets."""
        came = self.bench.imported = message.imported
        if came.failures or came.warnings:
            self.app.push_screen(ImportedScreen(came))
        else:
            self.bench.say(came.summary)
        self.do_refresh()

    def do_imported(self) -> None:
        """Show what came of the last import again."""
        if self.bench.imported is not None:
            self.app.push_screen(ImportedScreen(self.bench.imported))


def _at_version(row: Row, version: int) -> Row:
    from msgspec.structs import replace as with_fields

    return with_fields(row, version=version)
