"""The list of image sets: where the workbench begins."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Static

from curator.printable import plural
from curator.tui.actions import Need, bindings
from curator.tui.grouping import GroupBy
from curator.tui.image_set_columns import BY_KEY
from curator.tui.memory import Memory
from curator.tui.screens.columns import ColumnsScreen
from curator.tui.screens.first_run import FirstRun
from curator.tui.screens.narrowing import NarrowingPlace
from curator.tui.widgets.facet_pane import FacetPane
from curator.tui.widgets.filter_field import FilterField
from curator.tui.widgets.row_view import RowView
from curator.tui.widgets.set_list import SetList
from curator.tui.widgets.set_preview import SetPreview

_WIDE = 120  # columns from which the preview has room beside the list


class ImageSetsScreen(NarrowingPlace):
    """Image sets, filtered as you type, beside their facets and a preview of the one under the cursor."""

    PLACE = "image-sets"
    TITLE_TEXT = "Image sets"
    EXPLAINED = (
        "Every image set of the data store. / filters as you type: words look everywhere, "
        'modality:CT study:"head" !primary date>=2020 look into one field; all must hold. '
        "F counts the values of what is shown and narrows by them, b gathers by patient, study or series. "
        "Mark two with space and press d to compare them; the mark of a group is about all of it. The last updated stand "
        "first until you sort."
    )
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("image-sets"))

    def __init__(self, where: str = "") -> None:
        super().__init__()
        self._where = where
        self._preview_wanted: bool | None = None  # None: when there is room

    def body(self) -> Iterable[Widget]:
        """Yield the filter, the list between facets and preview, and what stands there when there is no list."""
        yield FilterField('filter: words, modality:CT study:"head" !primary')
        with Horizontal(id="middle"):
            with Horizontal(id="browse"):
                yield FacetPane()
                yield SetList(self.columns_now(), self.rows)
            yield SetPreview()
        yield Static(id="blank", markup=False)
        yield FirstRun(id="first-run")

    def on_mount(self) -> None:
        """Begin with the filter given on the command line, if any."""
        self.set_filter(self._where)

    # --- how the store was left

    def store_opened(self) -> None:
        """Show the list as it was when the store was left; what the command line says counts more."""
        session = self.bench.session
        memory = session.memory if session is not None and self.bench.config.restore else None
        if memory is not None:
            self.call_later(self._restore, memory)  # a screen just made may have no widgets yet
        super().store_opened()

    def _restore(self, memory: Memory) -> None:
        self.shown_columns = tuple(key for key in memory.columns if key in BY_KEY) or self.shown_columns
        if memory.sort in BY_KEY:
            self._sort(memory.sort, descending=memory.descending)
        if memory.group_by in list(GroupBy):
            self.rows.group(GroupBy(memory.group_by))
        self.facets_wanted, self._preview_wanted = memory.facets, memory.preview
        self.place_facets()
        self._place_preview()
        self.cursor_wanted = memory.cursor
        if not self._where and not self.filter_text:
            self.set_filter(memory.where)

    def memory(self) -> Memory:
        """Return how the list is left."""
        return Memory(
            where=self.filter_text,
            sort=self.rows.sorted_by,
            descending=self.rows.descending,
            columns=self.shown_columns,
            group_by=self.rows.group_by,
            facets=self.facets_wanted,
            preview=self._preview_wanted,
            cursor=self.view.current,
        )

    # --- what is shown

    def held(self) -> set[Need]:
        """Return what is at hand: a row, marks."""
        held = super().held()
        if self.here:
            view = self.view
            if view.current:
                held.add(Need.ROW)
            if self.rows.at(view.cursor) is not None:
                held.add(Need.SINGLE)
            if view.marks:
                held.add(Need.MARKS)
        return held

    def count_text(self) -> str:
        """Return how many are shown, of how many, and how many are marked."""
        total, found, marks = self.rows.total, self.rows.found, self.view.marks
        if not total:
            return ""
        text = f"{found:,} of {total:,}" if found != total else f"{total:,}"
        if self.rows.group_by:
            text += f" in {self.rows.group_by.counted(self.rows.groups)}"
        if marks:
            hidden = self.view.hidden
            text += f"  ● {len(marks):,} marked" + (f", {hidden:,} not shown" if hidden else "")
        if self.rows.problem:
            return f"{text}  {self.rows.problem}"
        if self.rows.filtered and not self.field.has_focus:
            text += "  filtered"
        return text

    # --- the preview

    def on_resize(self) -> None:
        """The preview shows itself where there is room."""
        self._place_preview()

    def _place_preview(self) -> None:
        wanted = self.app.size.width >= _WIDE if self._preview_wanted is None else self._preview_wanted
        self.query_one("#preview").display = wanted
        self.query_one("#middle").set_class(self.app.size.width < _WIDE, "narrow")
        self._look()

    def _look(self) -> None:
        preview, cursor = self.query_one("#preview", SetPreview), self.view.cursor
        if not preview.display:
            return
        group = self.rows.rows_of_group(cursor)
        if group:
            preview.look_at_group(self.rows.group_by, group)
        else:
            preview.look_at(self.rows.at(cursor))

    @on(RowView.Moved, "#list")
    def _moved(self) -> None:
        self.tell()
        self._look()

    @on(RowView.Moved, "#facets")
    @on(RowView.Marked, "#list")
    def _changed(self) -> None:
        self.tell()

    def on_descendant_focus(self) -> None:
        """Say whether keys are text for the filter, for the facets, or commands."""
        self.tell()

    def do_preview(self) -> None:
        """Show or hide the preview."""
        self._preview_wanted = not self.query_one("#preview").display
        self._place_preview()

    # --- one image set, or the marked ones

    @on(RowView.Opened, "#list")
    def _open(self, event: RowView.Opened) -> None:
        if self.rows.at(event.index) is None:
            self.view.toggle(event.index)
        else:
            self.perform("image-sets.metadata")

    def do_metadata(self) -> None:
        """Read the metadata."""
        self.bench.show_metadata(self.view.current)

    def do_versions(self) -> None:
        """See the versions."""
        from curator.tui.screens.versions import VersionsScreen

        self.app.push_screen(VersionsScreen(self.view.current))

    def do_frames(self) -> None:
        """Look at the frames; the review goes on through the marked image sets, or all that are shown."""
        from curator.tui.screens.frames import FramesScreen

        shown = self.rows.found_ids
        chosen = [each for each in shown if each in self.view.marks] or shown
        here = [each for each in self.view.keys_at(self.view.cursor) if each in chosen]
        if chosen:
            self.app.push_screen(FramesScreen((here or chosen)[0], chosen))

    def do_diff(self) -> None:
        """Compare two marked image sets, or the last two versions of one."""
        from curator.tui.screens.difference import DifferenceScreen

        view = self.view
        if len(view.marks) > 2:
            self.bench.say("Diff: mark two image sets, no more.", severity="warning")
            return
        marked = [self.rows.of(key) for key in sorted(view.marks, key=self.rows.place)]
        known = [row for row in (*marked, self.rows.of(view.current)) if row is not None]
        if not known:
            self.bench.say(f"Diff: {Need.SINGLE}", severity="warning")
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
        from curator.tui.screens.findings import FindingsScreen

        self.app.push_screen(FindingsScreen(sorted(self.view.marks)))

    def do_conflicts(self) -> None:
        """Decide conflicts among the marked image sets, or all."""
        from curator.tui.screens.conflicts import ConflictsScreen

        self.app.push_screen(ConflictsScreen(sorted(self.view.marks)))

    def do_deidentify(self) -> None:
        """Choose a profile for the marked image sets, or for all that are not de-identified."""
        from curator.tui.screens.deidentify import DeidentifyScreen

        self.app.push_screen(DeidentifyScreen(sorted(self.view.marks)))

    def do_rules(self) -> None:
        """Read rule files, and see what they would change in the marked image sets, those shown, or all."""
        from curator.tui.screens.rules import RulesScreen

        shown = self.rows.found_ids if self.rows.filtered else None
        self.app.push_screen(RulesScreen(sorted(self.view.marks), shown))

    def do_campaigns(self) -> None:
        """See the campaigns."""
        from curator.tui.screens.campaigns import CampaignsScreen

        self.app.push_screen(CampaignsScreen())

    def do_unmark(self) -> None:
        """Take all marks away."""
        self.view.mark(list(self.view.marks), on=False)

    def do_copy(self) -> None:
        """Copy the ids."""
        ids = sorted(self.view.marks) or list(self.view.keys_at(self.view.cursor))
        self.app.copy_to_clipboard("\n".join(ids))
        what = "The image set's id is" if len(ids) == 1 else f"The ids of {plural(len(ids), 'image set')} are"
        self.bench.say(f"{what} on the clipboard.")

    def leave(self) -> None:
        """Take the marks away: there is nothing to go back to."""
        if self.view.marks:
            self.do_unmark()

    def do_quit(self) -> None:
        """Leave."""
        self.perform("app.quit")

    # --- order and columns

    def do_sort(self) -> None:
        """Sort by the next column."""
        keys = [column.key for column in self.view.columns]
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
        view = self.view
        current = view.current
        self.rows.sort(by, descending=descending)
        view.sort_shown(by, descending=descending)
        view.show(cursor=self.rows.place(current))

    def do_columns(self) -> None:
        """Choose the columns."""

        def chosen(keys: tuple[str, ...] | None) -> None:
            if keys:
                self.shown_columns = keys
                self.view.show(columns=[BY_KEY[key] for key in keys])

        self.app.push_screen(ColumnsScreen(self.shown_columns), chosen)
