"""A campaign's ledger: every call with its outcome, who made it and when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import BindingType
from textual.message import Message
from textual.widget import Widget

from curator.printable import plural
from curator.tui.actions import Need, bindings
from curator.tui.auditing import LedgerLine, ledger_of
from curator.tui.rows import Cell, Column
from curator.tui.screens.asking import TellScreen
from curator.tui.screens.filtered import WordsPlace
from curator.tui.widgets.filter_field import FilterField
from curator.tui.widgets.row_view import RowView
from curator.tui.word_rows import WordRows

if TYPE_CHECKING:
    from curator.campaign.journal import Campaign

COLUMNS = (
    Column("n", "Line", 5, right=True),
    Column("time", "When (UTC)", 14),
    Column("by", "By", 8),
    Column("what", "What", 6),
    Column("call", "Call", 14, grow=2),
    Column("set", "Image set", 8, grow=1),
    Column("version", "Version", 7),
    Column("came", "Came to", 8, grow=1),
)
_ROLES = {
    "done": "good",
    "holds": "good",
    "fails": "bad",
    "failed": "bad",
    "moved": "bad",
    "no outcome recorded": "warn",
}


@dataclass
class LedgerRead(Message):
    """What the ledger says."""

    request: int
    lines: Sequence[LedgerLine] = field(repr=False)


class LedgerRows(WordRows[LedgerLine]):
    """`Rows` over a ledger's lines."""

    def haystack(self, line: LedgerLine, /) -> str:
        """Return all that the line says."""
        return " ".join(f"{name} {value}" for name, value in line.members)

    def cells_of(self, line: LedgerLine, /) -> Sequence[Cell]:
        """Return the cells of a line."""
        return (
            f"{line.n:,}",
            (line.time[5:19].replace("T", " "), "dim"),
            line.by,
            (line.what, "accent"),
            (line.call, "title"),
            (line.image_set, "dim"),
            line.version,
            (line.came_to, _ROLES.get(line.came_to, "")),
        )


class LedgerScreen(WordsPlace[LedgerLine]):
    """Lines, and all that one of them says."""

    PLACE = "ledger"
    LIST = "#ledger"
    TITLE_TEXT = "Ledger"
    EXPLAINED = (
        "Every call of the campaign, or of one image set's unit: who made it, when, to which version, and what came of "
        "it; between the calls, what was begun, ended and verified. Enter shows all that a line says: keyed hashes of what "
        "was sent, never the values themselves."
    )
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("ledger"))

    def __init__(self, campaign: Campaign, unit: int | None = None, title: str = "") -> None:
        super().__init__(LedgerRows())
        self.campaign = campaign
        self.unit = unit
        self._title = title
        self._request = 0

    def body(self) -> Iterable[Widget]:
        """Yield the filter and the lines."""
        yield FilterField("filter: words")
        yield RowView(COLUMNS, self.rows, id="ledger")

    def on_mount(self) -> None:
        """Read the ledger."""
        self.do_refresh()

    def do_refresh(self) -> None:
        """Read it again."""
        campaign, unit = self.campaign, self.unit
        self._request = self.bench.work.begin(
            "read the ledger",
            self,
            lambda ticket: LedgerRead(ticket.request, ledger_of(campaign, unit, ticket)),
            quiet=True,
        )

    def on_ledger_read(self, message: LedgerRead) -> None:
        """Show the lines."""
        if message.request == self._request:
            self.rows = LedgerRows(message.lines)
            self.rows.filter(self.filter_text)
            self.view.show(self.rows)
            self.tell()

    # --- what is shown

    def title_text(self) -> str:
        """Return whose ledger it is."""
        return f"Ledger  {self.campaign.id[:8]}  {self._title}".rstrip()

    def count_text(self) -> str:
        """Return how many lines, and how many calls."""
        calls = sum(bool(line.call) for line in self.rows.shown)
        return (
            f"{plural(len(self.rows), 'line')}, {plural(calls, 'call')}"
            if len(self.rows)
            else "nothing was done yet"
        )

    def held(self) -> set[Need]:
        """Return what is at hand."""
        held = super().held()
        if len(self.rows):
            held.add(Need.ROW)
        return held

    # --- actions

    @on(RowView.Opened, "#ledger")
    def _opened(self) -> None:
        self.perform("ledger.open")

    def do_open(self) -> None:
        """Show all that the line says."""
        line = self.current
        if line is not None:
            self.app.push_screen(TellScreen(f"Line {line.n:,} of the ledger", line.members))
