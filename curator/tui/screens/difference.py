"""What differs between two versions, or two image sets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from curator.imageset import ElementChange, ImageSetMetadata, describe
from curator.tui.actions import Need, bindings
from curator.tui.changes import SIDE_BY_SIDE, STACKED, DiffLine, DiffRows, lines_of
from curator.tui.outside import in_pager
from curator.tui.paging import difference_lines
from curator.tui.screens.place import Place
from curator.tui.widgets.detail import Detail
from curator.tui.widgets.row_view import RowView
from curator.tui.work import Ticket

WIDE = 110  # columns from which before and after stand side by side

At = tuple[str, str]
"""An image set and a version."""


@dataclass
class Compared(Message):
    """Two documents and what differs."""

    request: int
    before: ImageSetMetadata = field(repr=False)
    after: ImageSetMetadata = field(repr=False)
    changes: Sequence[ElementChange] = field(repr=False)


@dataclass
class LinesMade(Message):
    """All elements, with the changes among them."""

    request: int
    lines: Sequence[DiffLine] = field(repr=False)


class DifferenceScreen(Place):
    """Before and after, only changes or everything."""

    PLACE = "diff"
    TITLE_TEXT = "Differences"
    EXPLAINED = (
        "What is in one version and not in the other: + added, - removed, ~ changed, → renamed. "
        "n and N go from change to change; a shows everything, s changes the arrangement."
    )
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("diff"))

    def __init__(self, before: At, after: At) -> None:
        super().__init__()
        self.before, self.after = before, after
        self._compared: Compared | None = None
        self._all_lines: Sequence[DiffLine] = ()
        self._rows: DiffRows | None = None
        self._everything = False
        self._side: bool | None = None  # None: as there is room
        self._request = 0
        self._lines_request = 0

    def body(self) -> Iterable[Widget]:
        """Yield the differences, or the sentence that there are none, and the detail of the current one."""
        yield RowView(id="lines")
        yield Static("", id="nothing", markup=False)
        yield Detail(id="detail")

    def on_mount(self) -> None:
        """Read both."""
        self.query_one("#nothing").display = False
        self.query_one("#lines").focus()
        self._read()

    def store_opened(self) -> None:
        """Read from the store opened anew."""
        self._read()

    def _read(self) -> None:
        session, before, after = self.bench.session, self.before, self.after
        if session is None:
            return

        def read(ticket: Ticket) -> Compared:
            first = session.document(*before)
            ticket.check()
            second = session.document(*after)
            return Compared(ticket.request, first, second, describe(first, second))

        self._everything, self._all_lines, self._compared = False, (), None
        self._request = self.bench.work.begin("compare", self, read)

    def on_compared(self, message: Compared) -> None:
        """Show the changes."""
        if message.request == self._request:
            self._compared = message
            self._show()
            self._jump(0)

    def on_lines_made(self, message: LinesMade) -> None:
        """Show everything."""
        if message.request == self._lines_request:
            self._all_lines = message.lines
            self._show()

    def _show(self) -> None:
        compared = self._compared
        if compared is None:
            return
        before, after = compared.before, compared.after
        lines = (
            self._all_lines
            if self._everything
            else lines_of(before, after, compared.changes, everything=False)
        )
        side = self.app.size.width >= WIDE if self._side is None else self._side
        view = self.query_one("#lines", RowView)
        line = self._rows.line(view.cursor) if self._rows else None
        self._rows = DiffRows(before, after, lines, stacked=not side)
        view.show(self._rows, SIDE_BY_SIDE if side else STACKED)
        if line is not None:
            self._find(line)
        nothing = self.query_one("#nothing", Static)
        nothing.display = not lines
        nothing.update("There is no difference." if not lines else "")
        view.display = bool(lines)
        self.tell()

    def _find(self, line: DiffLine) -> None:
        """Put the cursor on the same line in the new arrangement."""
        rows = self._rows
        if rows is None:
            return
        wanted = (line.path, line.member, line.heading)
        for index in range(len(rows)):
            here = rows.line(index)
            if here is not None and (here.path, here.member, here.heading) == wanted:
                self.query_one("#lines", RowView).move(index, centre=True)
                return

    def on_resize(self) -> None:
        """Rearrange for the new width."""
        if self._compared is not None and self._side is None:
            self._show()

    # --- what is shown

    def title_text(self) -> str:
        """Return what is compared with what."""
        (first, one), (second, two) = self.before, self.after
        if first == second:
            return f"Diff  {first[:8]}… v{one} → v{two}"
        return f"Diff  {first[:8]}… v{one} → {second[:8]}… v{two}"

    def count_text(self) -> str:
        """Return how many changes, and at which one the cursor is."""
        if self._compared is None or self._rows is None:
            return ""
        changes = self._rows.changes()
        cursor = self.query_one("#lines", RowView).cursor
        here = sum(1 for index in changes if index <= cursor)
        return f"change {here} of {len(changes):,}" if changes else "no changes"

    def held(self) -> set[Need]:
        """Return what is at hand."""
        held = super().held()
        if self._rows is not None and self._rows.changes():
            held.add(Need.CHANGE)
        if self._line() is not None:
            held.add(Need.ROW)
        return held

    def _line(self) -> DiffLine | None:
        if not self.here or self._rows is None:
            return None
        return self._rows.line(self.query_one("#lines", RowView).cursor)

    @on(RowView.Moved, "#lines")
    def _moved(self) -> None:
        line, detail = self._line(), self.query_one("#detail", Detail)
        if line is None or self._rows is None:
            detail.tell("", "")
        elif line.change is None:
            detail.tell(self._rows.full_path(line), self._rows.text(line, after=True))
        else:
            before, after = self._rows.text(line, after=False), self._rows.text(line, after=True)
            detail.tell(self._rows.full_path(line), f"- {before}\n+ {after}", str(line.change.kind))
        self.tell()

    # --- actions

    def _jump(self, by: int) -> None:
        """Go to the ``by``-th change from the cursor; 0 is the first of all."""
        if self._rows is None:
            return
        view, changes = self.query_one("#lines", RowView), self._rows.changes()
        if not changes:
            return
        if by == 0:
            view.move(changes[0])
        elif by > 0:
            view.move(next((index for index in changes if index > view.cursor), changes[0]))
        else:
            view.move(next((index for index in reversed(changes) if index < view.cursor), changes[-1]))

    def do_next(self) -> None:
        """To the next change."""
        self._jump(1)

    def do_previous(self) -> None:
        """To the change before."""
        self._jump(-1)

    def do_all(self) -> None:
        """Everything, or only the changes."""
        compared = self._compared
        if compared is None:
            return
        self._everything = not self._everything
        if self._everything and not self._all_lines:

            def make(ticket: Ticket) -> LinesMade:
                lines = lines_of(compared.before, compared.after, compared.changes, everything=True)
                return LinesMade(ticket.request, lines)

            self._lines_request = self.bench.work.begin("list all elements", self, make, quiet=True)
        else:
            self._show()

    def do_side(self) -> None:
        """Side by side, or one below the other."""
        side = self.app.size.width >= WIDE if self._side is None else self._side
        self._side = not side
        self._show()

    def do_pager(self) -> None:
        """Read what differs in the pager."""
        if self._compared is not None:
            before, after, changes = self._compared.before, self._compared.after, self._compared.changes
            in_pager(self.bench, difference_lines(self.title_text(), before, after, changes))

    def do_swap(self) -> None:
        """Exchange before and after."""
        self.before, self.after = self.after, self.before
        self._read()
        self.tell()

    def do_copy(self) -> None:
        """Copy the value after, or before when there is none after."""
        line = self._line()
        if line is not None and self._rows is not None:
            text = self._rows.text(line, after=True) or self._rows.text(line, after=False)
            self.app.copy_to_clipboard(text)
            self.bench.say("The value is on the clipboard.")

    def do_copy_path(self) -> None:
        """Copy the path."""
        line = self._line()
        if line is not None and self._rows is not None:
            self.app.copy_to_clipboard(self._rows.full_path(line))
            self.bench.say("The path is on the clipboard.")

    def do_back(self) -> None:
        """Leave."""
        self.dismiss()
