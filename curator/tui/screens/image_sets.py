"""The list of image sets: where the workbench begins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Button, Static

from curator.catalogue.rows import Row
from curator.errors import CuratorError
from curator.tui.actions import Need, bindings
from curator.tui.image_set_rows import BY_KEY, SHOWN, ImageSetRows, date_text, moment_text
from curator.tui.messages import RowsCame, RowsRead, VersionsRead, Written
from curator.tui.screens.campaigns import CampaignsScreen
from curator.tui.screens.columns import ColumnsScreen
from curator.tui.screens.conflicts import ConflictsScreen
from curator.tui.screens.deidentify import DeidentifyScreen
from curator.tui.screens.difference import DifferenceScreen
from curator.tui.screens.filtered import FilteredPlace
from curator.tui.screens.findings import FindingsScreen
from curator.tui.screens.first_run import FirstRun
from curator.tui.screens.import_files import DEMO, FilesImported, ImportedScreen, ImportScreen, imported
from curator.tui.screens.metadata import MetadataScreen
from curator.tui.screens.rules import RulesScreen
from curator.tui.screens.versions import VersionsScreen
from curator.tui.widgets.filter_field import FilterField
from curator.tui.widgets.pairs import Preview
from curator.tui.widgets.row_view import Cell, Column, RowView
from curator.tui.work import Failed, Ticket

_PAUSE = 0.15  # seconds the cursor rests before the preview asks the service
_WIDE = 120  # columns from which the preview has room beside the list
_NOT_WHEN_EMPTY = ("modality", "series_description", "study_description", "patient_name", "conflicts")


class ImageSetsScreen(FilteredPlace):
    """Image sets, filtered as you type, with a preview of the one under the cursor."""

    PLACE = "image-sets"
    LIST = "#list"
    TITLE_TEXT = "Image sets"
    EXPLAINED = (
        "Every image set of the data store. / filters as you type: words look everywhere, "
        'modality:CT study:"head" !primary date>=2020 look into one field; all must hold. '
        "Mark two with space and press d to compare them."
    )
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("image-sets"))

    def __init__(self, where: str = "") -> None:
        super().__init__()
        self.rows = ImageSetRows()
        self._where = where
        self._columns: tuple[str, ...] = SHOWN
        self._request = 0
        self._quiet = 0  # the request that nobody asked for
        self._complete = False
        self._preview_wanted: bool | None = None  # None: when there is room
        self._preview_request = 0
        self._import_request = 0
        self._rest: Timer | None = None

    def body(self) -> Iterable[Widget]:
        """Yield the filter, the list with its preview, and what stands there when there is no list."""
        yield FilterField('filter: words, modality:CT study:"head" !primary')
        with Horizontal(id="middle"):
            yield RowView(self._shown_columns(), self.rows, id="list", markable=True)
            yield Preview(id="preview")
        yield Static(id="blank", markup=False)
        yield FirstRun(id="first-run")

    def on_mount(self) -> None:
        """Begin with the filter given on the command line, if any."""
        self.query_one(FilterField).value = self._where
        self.query_one(FilterField).display = bool(self._where)
        self.rows.filter(self._where)
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
            def came(rows: Sequence[Row]) -> None:
                self.post_message(RowsCame(ticket.request, rows))

            def whole(rows: Sequence[Row], *, final: bool = False) -> RowsRead:
                return RowsRead(ticket.request, rows, [row.haystack for row in rows], final)

            def known(rows: Sequence[Row]) -> None:
                self.post_message(whole(rows))

            rows = session.rows(ticket, came, known, whole=anew)
            return whole(rows, final=True)

        self._request = self.bench.work.begin("read the list of image sets", self, read)

    def on_rows_came(self, message: RowsCame) -> None:
        """Show what came, while nothing better is shown."""
        if message.request == self._request and message.rows and not self._complete:
            self._changing(lambda: self.rows.add(message.rows))

    def on_rows_read(self, message: RowsRead) -> None:
        """Show all rows, without moving the cursor from its image set."""
        if message.request != self._request:
            return
        self._complete = self._complete or message.final
        self._changing(lambda: self.rows.replace(message.rows, message.haystacks))
        view = self.query_one("#list", RowView)
        view.marks = {key for key in view.marks if self.rows.of(key) is not None}
        self.tell()

    def _changing(self, change: Callable[[], None]) -> None:
        view = self.query_one("#list", RowView)
        current = view.current
        change()
        place = self.rows.place(current) if current and view.cursor > 0 else -1
        view.show(columns=self._shown_columns(), cursor=place)
        self._show_state()
        self.tell()

    def failed(self, message: Failed) -> None:
        """A failed list shows why in its place; anything else is told."""
        if message.request == self._import_request:
            super().failed(message)
            self.do_refresh()  # what was imported until then stays
        elif message.request == self._request and not self.rows.total:
            self._show_state(message.error)
        elif message.request not in {self._preview_request, self._quiet}:
            super().failed(message)

    def written(self, message: Written) -> None:
        """Another screen changed an image set: show its new version at once."""
        row = self.rows.of(message.image_set)
        if row is not None:
            self.rows.add([_at_version(row, int(message.version))])
            self.query_one("#list", RowView).redraw()
        self.do_refresh()

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
            self.query_one("#list").focus()

    # --- what is shown

    def held(self) -> set[Need]:
        """Return what is at hand: a row, marks."""
        held = super().held()
        if self.here:
            view = self.query_one("#list", RowView)
            if view.current:
                held.add(Need.ROW)
            if view.marks:
                held.add(Need.MARKS)
        return held

    def count_text(self) -> str:
        """Return how many are shown, of how many, and how many are marked."""
        total, shown = self.rows.total, len(self.rows)
        if not total:
            return ""
        text = f"{shown:,} of {total:,}" if shown != total else f"{total:,}"
        marks = len(self.query_one("#list", RowView).marks)
        if marks:
            text += f"  ● {marks:,} marked"
        if self.rows.problem:
            return f"{text}  {self.rows.problem}"
        if self.rows.filtered and not self.query_one(FilterField).has_focus:
            text += "  filtered"
        return text

    def _shown_columns(self) -> list[Column]:
        columns = [BY_KEY[key] for key in self._columns]
        if not self.rows.total:
            return columns
        return [
            column for column in columns if column.key not in _NOT_WHEN_EMPTY or self.rows.has(column.key)
        ]

    def on_resize(self) -> None:
        """The preview shows itself where there is room."""
        self._place_preview()

    def _place_preview(self) -> None:
        wanted = self.app.size.width >= _WIDE if self._preview_wanted is None else self._preview_wanted
        self.query_one("#preview").display = wanted
        self.query_one("#middle").set_class(self.app.size.width < _WIDE, "narrow")
        if wanted:
            self._preview_soon()

    # --- the preview

    @on(RowView.Moved, "#list")
    def _moved(self) -> None:
        self.tell()
        if self.query_one("#preview").display:
            self._preview_soon()

    def _preview_soon(self) -> None:
        """Show at once what the row says; ask for its versions when the cursor has come to rest."""
        self._show_preview(None)
        if self._rest is not None:
            self._rest.stop()
        self._rest = self.set_timer(_PAUSE, self._ask_preview)

    def _ask_preview(self) -> None:
        session, image_set = self.bench.session, self.query_one("#list", RowView).current
        if session is None or not image_set:
            return

        def read(ticket: Ticket) -> VersionsRead:
            return VersionsRead(ticket.request, image_set, session.versions(image_set))

        self._preview_request = self.bench.work.begin("preview an image set", self, read, quiet=True)

    def on_versions_read(self, message: VersionsRead) -> None:
        """Add the versions to the preview."""
        if message.request == self._preview_request:
            self._show_preview(message)

    def _show_preview(self, read: VersionsRead | None) -> None:
        row = self.rows.at(self.query_one("#list", RowView).cursor)
        preview = self.query_one("#preview", Preview)
        if row is None:
            preview.tell("", [])
            return
        pairs: list[tuple[str, Cell]] = [(name, value) for name, value in _facts(row) if value != ""]
        if read is not None:
            pairs.append(("", ""))
            for state in read.versions:
                role = "bad" if state.failed else "accent" if state.locked else "good"
                moment = moment_text(state.updated_at.timestamp()) if state.updated_at else ""
                pairs.append((f"version {state.version}", (f"{state.workflow}  {moment}", role)))
        preview.tell("Preview", pairs)

    # --- actions

    @on(RowView.Opened, "#list")
    def _open(self) -> None:
        self.perform("image-sets.metadata")

    def do_metadata(self) -> None:
        """Read the metadata."""
        self.app.push_screen(MetadataScreen(self.query_one("#list", RowView).current))

    def do_versions(self) -> None:
        """See the versions."""
        self.app.push_screen(VersionsScreen(self.query_one("#list", RowView).current))

    def do_diff(self) -> None:
        """Compare two marked image sets, or the last two versions of one."""
        view = self.query_one("#list", RowView)
        marked = [self.rows.of(key) for key in sorted(view.marks, key=self.rows.place)]
        if len(marked) > 2:
            self.bench.say("Diff: mark two image sets, no more.", severity="warning")
            return
        known = [row for row in (*marked, self.rows.of(view.current)) if row is not None]
        if not known:
            return
        first, second = known[0], known[1] if len(marked) == 2 else None
        if second is not None:
            self.app.push_screen(
                DifferenceScreen((first.id, str(first.version)), (second.id, str(second.version)))
            )
        elif first.version > 1:
            self.app.push_screen(
                DifferenceScreen((first.id, str(first.version - 1)), (first.id, str(first.version)))
            )
        else:
            self.bench.say("Diff: there is one version only; mark two image sets to compare them.")

    def do_findings(self) -> None:
        """Check the marked image sets, or all."""
        self.app.push_screen(FindingsScreen(sorted(self.query_one("#list", RowView).marks)))

    def do_conflicts(self) -> None:
        """Decide conflicts among the marked image sets, or all."""
        self.app.push_screen(ConflictsScreen(sorted(self.query_one("#list", RowView).marks)))

    def do_deidentify(self) -> None:
        """Choose a profile for the marked image sets, or for all that are not de-identified."""
        self.app.push_screen(DeidentifyScreen(sorted(self.query_one("#list", RowView).marks)))

    def do_rules(self) -> None:
        """Read rule files, and see what they would change in the marked image sets, those shown, or all."""
        view = self.query_one("#list", RowView)
        shown = [self.rows.key(index) for index in range(len(self.rows))] if self.rows.filtered else None
        self.app.push_screen(RulesScreen(sorted(view.marks), shown))

    def do_campaigns(self) -> None:
        """See the campaigns."""
        self.app.push_screen(CampaignsScreen())

    def do_sort(self) -> None:
        """Sort by the next column."""
        keys = [column.key for column in self.query_one("#list", RowView).columns]
        now = keys.index(self.rows.sorted_by) if self.rows.sorted_by in keys else -1
        self._sort(keys[now + 1] if now + 1 < len(keys) else "", descending=False)

    def do_reverse(self) -> None:
        """Sort the other way round."""
        if self.rows.sorted_by:
            self._sort(self.rows.sorted_by, descending=not self.rows.descending)

    @on(RowView.HeaderPressed, "#list")
    def _sort_by(self, event: RowView.HeaderPressed) -> None:
        again = event.column == self.rows.sorted_by
        self._sort(event.column, descending=again and not self.rows.descending)

    def _sort(self, by: str, *, descending: bool) -> None:
        view = self.query_one("#list", RowView)
        current = view.current
        self.rows.sort(by, descending=descending)
        view.sort_shown(by, descending=descending)
        view.show(cursor=self.rows.place(current))

    def do_columns(self) -> None:
        """Choose the columns."""

        def chosen(keys: tuple[str, ...] | None) -> None:
            if keys:
                self._columns = keys
                self.query_one("#list", RowView).show(columns=[BY_KEY[key] for key in keys])

        self.app.push_screen(ColumnsScreen(self._columns), chosen)

    def do_preview(self) -> None:
        """Show or hide the preview."""
        self._preview_wanted = not self.query_one("#preview").display
        self._place_preview()

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
        if message.imported.failures:
            self.app.push_screen(ImportedScreen(message.imported))
        else:
            self.bench.say(message.imported.summary)
        self.do_refresh()

    def do_unmark(self) -> None:
        """Take all marks away."""
        view = self.query_one("#list", RowView)
        view.mark(list(view.marks), on=False)

    def do_copy(self) -> None:
        """Copy the id."""
        self.app.copy_to_clipboard(self.query_one("#list", RowView).current)
        self.bench.say("The image set's id is on the clipboard.")

    def do_quit(self) -> None:
        """Leave."""
        self.bench.do_quit()

    @on(RowView.Marked, "#list")
    def _marked(self) -> None:
        self.tell()

    # --- the filter

    def on_descendant_focus(self) -> None:
        """Say whether keys are text for the filter or commands."""
        self.tell()

    def leave(self) -> None:
        """Take the marks away: there is nothing to go back to."""
        if self.query_one("#list", RowView).marks:
            self.do_unmark()

    def filter_rows(self, text: str) -> None:
        """Narrow the list, the cursor staying on its image set."""
        view = self.query_one("#list", RowView)
        current = view.current
        self.rows.filter(text)
        self.query_one(FilterField).set_class(bool(self.rows.problem), "wrong")
        view.show(cursor=max(0, self.rows.place(current)))


def _at_version(row: Row, version: int) -> Row:
    from msgspec.structs import replace as with_fields

    return with_fields(row, version=version)


def _facts(row: Row) -> list[tuple[str, Cell]]:
    return [
        ("Patient", (row.patient_name, "title")),
        ("Patient ID", row.patient_id),
        ("Sex, birth", "  ".join(filter(None, (row.patient_sex, date_text(row.birth_date))))),
        ("Study", (row.study_description, "title")),
        ("Date", date_text(row.study_date)),
        ("Accession", row.accession),
        ("Series", row.series_description),
        ("Modality", row.modality),
        ("Instances", str(row.instances or "")),
        ("Primary", {True: "yes", False: "no", None: ""}[row.primary]),
        ("Storage", row.tier),
        ("Created", moment_text(row.created_at)),
        ("Updated", moment_text(row.updated_at)),
        ("Image set", (row.id, "dim")),
    ]
