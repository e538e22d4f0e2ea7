"""Every distinct value once, with what the profile would do with it: decided with one key for all image sets."""

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
from curator.tui.publishing import decide_values, values_of
from curator.tui.rows import Cell, Column
from curator.tui.screens.asking import AskScreen
from curator.tui.screens.filtered import WordsPlace
from curator.tui.widgets.detail import Detail
from curator.tui.widgets.filter_field import FilterField
from curator.tui.widgets.row_view import RowView
from curator.tui.word_rows import WordRows
from curator.tui.work import Ticket

if TYPE_CHECKING:
    from curator.catalogue.values import DistinctValue
    from curator.deid.decisions import Decision

Key = tuple[str, str, str]
COLUMNS = (
    Column("element", "Element", 20, grow=2),
    Column("vr", "VR", 2),
    Column("value", "Value", 14, grow=3),
    Column("count", "Count", 5, right=True),
    Column("would", "The profile would", 12, grow=2),
    Column("decided", "Decided", 9, grow=1),
)
_ROLES = {"keep": "good", "remove": "bad", "empty": "bad", "replace": "changed", "clean": "warn"}


@dataclass
class ValuesRead(Message):
    """The values, and what was decided of them before."""

    request: int
    found: Sequence[DistinctValue] = field(repr=False)
    decided: Sequence[Decision] = field(repr=False)


@dataclass
class ValuesDecided(Message):
    """Decisions were kept; all of the project's."""

    request: int
    changed: int
    decided: Sequence[Decision] = field(repr=False)


class ValueRows(WordRows["DistinctValue"]):
    """`Rows` over values, and what is decided of them."""

    def __init__(self, found: Sequence[DistinctValue] = (), decided: Iterable[Decision] = ()) -> None:
        super().__init__(found)
        self.decided = {each.key: each for each in decided}

    def haystack(self, one: DistinctValue, /) -> str:
        """Return element, value, and what the profile would do."""
        return f"{one.element} {one.value} {one.would}"

    def cells_of(self, one: DistinctValue, /) -> Sequence[Cell]:
        """Return the cells of a value."""
        decision = self.decided.get(one.key)
        return (
            one.element,
            (one.vr, "dim"),
            (one.value, "title"),
            f"{one.count:,}",
            (one.would, "dim" if one.would == "keep" else ""),
            (decision.decision, _ROLES.get(decision.decision, "")) if decision is not None else "",
        )


class ValuesScreen(WordsPlace["DistinctValue"]):
    """Values, and one key for each decision."""

    PLACE = "values"
    LIST = "#values"
    TITLE_TEXT = "Values"
    EXPLAINED = (
        "Every distinct value once, with how often it stands and what the profile would do with it. y keeps, x "
        "removes, r replaces, c cleans, e empties the marked values or this one, u takes the decision back. Decisions "
        "belong to the project and hold for all image sets and profiles; a subject's own name is cut out of a kept value all the same."
    )
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("values"))
    rows: ValueRows

    def __init__(self, profile: str, ids: Sequence[str] = ()) -> None:
        super().__init__(ValueRows())
        self.profile = profile
        self.ids = tuple(ids)
        self._request = 0

    def body(self) -> Iterable[Widget]:
        """Yield the filter, the values, and the whole of the one under the cursor."""
        yield FilterField("filter: words")
        yield RowView(COLUMNS, self.rows, id="values", markable=True)
        yield Detail(id="whole")

    def on_mount(self) -> None:
        """Read the values."""
        session, profile, ids = self.bench.session, self.profile, self.ids
        if session is not None:
            self._request = self.bench.work.begin(
                "gather the values",
                self,
                lambda ticket: ValuesRead(ticket.request, *values_of(session, profile, ids, ticket)),
            )

    def on_values_read(self, message: ValuesRead) -> None:
        """Show them."""
        if message.request == self._request:
            self.rows = ValueRows(message.found, message.decided)
            self.filter_rows(self.filter_text)  # typed while they were gathered
            self.tell()

    @on(RowView.Moved, "#values")
    def _moved(self, event: RowView.Moved) -> None:
        self._tell_whole(event.index)

    def _tell_whole(self, index: int) -> None:
        one = self.rows.at(index)
        if one is not None:
            note = f"{one.vr}  {one.count:,} × in {plural(one.image_sets, 'image set')}"
            self.query_one("#whole", Detail).tell(one.element, f"{one.value}\n→ {one.would}", note)

    # --- what is shown

    def title_text(self) -> str:
        """Return the profile that they are of, too."""
        return f"{self.TITLE_TEXT}  {self.profile}"

    def count_text(self) -> str:
        """Return how many values, and how many of them are decided."""
        if not self.rows.total:
            return ""
        return f"{self.counted()}  {len(self.rows.decided):,} decided"

    def held(self) -> set[Need]:
        """Return what is at hand."""
        held = super().held()
        if len(self.rows):
            held.add(Need.ROW)
        return held

    # --- deciding

    def _chosen(self) -> list[DistinctValue]:
        current = self.current
        return self.rows.of(self.view.marks) or ([current] if current is not None else [])

    def _decide(self, word: str, replacement: str = "") -> None:
        from curator.deid.decisions import Decision, objection

        session, chosen = self.bench.session, self._chosen()
        reason = next((why for each in chosen if (why := objection(each.element, each.vr))), None)
        if reason is not None:
            self.bench.say(f"This cannot be decided: choose {reason}", severity="warning")
            return
        new = [Decision(*each.key, word, replacement) for each in chosen] if word else []
        withdrawn = [] if word else [each.key for each in chosen]
        if session is None or not chosen:
            return
        session.profile = self.profile

        def keep(ticket: Ticket) -> ValuesDecided:
            return ValuesDecided(ticket.request, *decide_values(session, new, withdrawn))

        self.bench.work.begin("keep decisions", self, keep, turn="decisions about values")

    def on_values_decided(self, message: ValuesDecided) -> None:
        """Show the decisions; the marks are done with."""
        self.rows.decided = {each.key: each for each in message.decided}
        view = self.view
        marked = bool(view.marks)
        view.mark(list(view.marks), on=False)
        view.redraw()
        if not marked:
            view.action_move(1)
        self.tell()

    def do_keep(self) -> None:
        """Keep."""
        self._decide("keep")

    def do_remove(self) -> None:
        """Remove."""
        self._decide("remove")

    def do_clean(self) -> None:
        """Keep harmless words only."""
        self._decide("clean")

    def do_empty(self) -> None:
        """Empty."""
        self._decide("empty")

    def do_undecide(self) -> None:
        """Take decisions back."""
        self._decide("")

    def do_replace(self) -> None:
        """Ask by what."""

        def typed(value: str | None) -> None:
            if value:
                self._decide("replace", value)

        chosen = self._chosen()
        text = f"{plural(len(chosen), 'value')}, wherever they stand in this element."
        self.app.push_screen(AskScreen("Replace by", text, "Replace"), typed)

    def filter_rows(self, text: str) -> None:
        """Show the values that hold every word."""
        super().filter_rows(text)
        self._tell_whole(0)
