"""Reviewing a plan: by image set, by rule, by element; every change with its reason; what is not approved taken out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from textual import on
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from curator.plan.grouping import Groups
from curator.printable import plural
from curator.tui.actions import Need
from curator.tui.campaign_rows import (
    BY_ELEMENT,
    BY_RULE,
    BY_SET,
    CHANGES,
    COLUMNS,
    EXCLUDED,
    LEFT_ALONE,
    UNDOABLE,
    UNITS,
    AloneRows,
    ExcludedRows,
    UnitRows,
)
from curator.tui.review import ChangeRows, GroupRows, Line, Whole, explained, lines_of, samples_of
from curator.tui.reviewing import exclude, put_back
from curator.tui.rows import Rows
from curator.tui.screens.asking import TellScreen
from curator.tui.screens.place import Place
from curator.tui.walk import Alone, Told, alone_in, units_of
from curator.tui.widgets.detail import Detail
from curator.tui.widgets.row_view import RowView

if TYPE_CHECKING:
    from curator.campaign.journal import Campaign
    from curator.plan.excluding import Exclusion
    from curator.plan.units import Unit
    from curator.tui.work import Ticket


@dataclass
class UnitsRead(Message):
    """The campaign's units with where they stand."""

    request: int
    campaign: Campaign = field(repr=False)
    told: Sequence[Told] = field(repr=False)
    begun: bool
    alone: Sequence[Alone] = field(repr=False)


@dataclass
class Grouped(Message):
    """The plan's changes by rule and by element."""

    request: int
    groups: Groups = field(repr=False)


@dataclass
class LinesRead(Message):
    """The changes of one unit."""

    request: int
    lines: Sequence[Line] = field(repr=False)


def _checked(units: Iterable[Unit], ticket: Ticket) -> Iterator[Unit]:
    """Yield units until the user stops."""
    for unit in units:
        ticket.check()
        yield unit


@dataclass
class Amended(Message):
    """Another plan took this one's place."""

    request: int
    campaign: Campaign = field(repr=False)
    text: str


class ReviewScreen(Place):
    """The units, groups or exclusions of a plan above; below the changes of the one under the cursor."""

    def __init__(self, campaign: Campaign) -> None:
        super().__init__()
        self.campaign = campaign
        self.view = BY_SET
        self.rows = UnitRows()
        self._rows_of = campaign  # until the units of another plan are read, the rows are of the one before
        self.groups: Groups | None = None
        self.shown: Rows = self.rows
        self.lines = ChangeRows()
        self.alone: Sequence[Alone] = ()
        self.begun = True  # until it is read: what may be under way is not taken apart
        self._request = 0
        self._grouping = 0
        self._amending = 0
        self._reading = 0

    def body(self) -> Iterable[Widget]:
        """Yield the units, a line on how it goes, the changes of what is under the cursor, and a row's whole text."""
        yield RowView(UNITS, self.rows, id="units", markable=True)
        yield Static("", id="going", markup=False)
        yield RowView(CHANGES, self.lines, id="changed", markable=True)
        yield Detail(id="detail", lines=2, grows=5)

    def on_mount(self) -> None:
        """Read the units."""
        self.query_one("#going").display = False
        self.query_one("#units").focus()
        self.do_refresh()

    def do_refresh(self) -> None:
        """Read the plan and its ledger."""
        campaign, session = self.campaign, self.bench.session
        self._request = self.bench.work.begin(
            "read the plan",
            self,
            lambda ticket: UnitsRead(
                ticket.request,
                campaign,
                units_of(campaign),
                campaign.ledger_path.exists(),
                alone_in(session, campaign),
            ),
            quiet=True,
        )

    def on_units_read(self, message: UnitsRead) -> None:
        """Show the units."""
        if message.request == self._request:
            self.rows, self.begun = UnitRows(message.told), message.begun
            self.alone = message.alone
            self._rows_of = message.campaign
            self._view(-1)

    # --- the views

    def do_by(self) -> None:
        """Show the plan by the next view; what it leaves alone, and what was excluded, are views where there is any."""
        more = ((EXCLUDED, self.campaign.plan.header.excluded), (LEFT_ALONE, self.alone))
        views = [BY_SET, BY_RULE, BY_ELEMENT, *(view for view, found in more if found)]
        self.view = views[(views.index(self.view) + 1) % len(views)]
        self._view(0)

    def _view(self, cursor: int) -> None:
        """Show what the view is of, once that is known."""
        if self.view == EXCLUDED and not self.campaign.plan.header.excluded:
            self.view = BY_SET
        if self.view in (BY_RULE, BY_ELEMENT) and self.groups is None:
            plan = self.campaign.plan
            self._grouping = self.bench.work.begin(
                "group the changes",
                self,
                lambda ticket: Grouped(ticket.request, Groups.of(_checked(plan.units(), ticket))),
            )
        else:
            self._show(cursor)

    def on_grouped(self, message: Grouped) -> None:
        """Show the groups."""
        if message.request == self._grouping:
            self.groups = message.groups
            self._show()

    def _show(self, cursor: int = -1) -> None:
        """Show what the view is of."""
        groups = self.groups
        if self.view in (BY_RULE, BY_ELEMENT):
            if groups is None:
                return
            self.shown = GroupRows(groups.rules() if self.view == BY_RULE else groups.elements())
        elif self.view == LEFT_ALONE:
            self.shown = AloneRows(self.alone)
        elif self.view == EXCLUDED:
            self.shown = ExcludedRows(self.campaign.plan.header.excluded)
        else:
            self.shown = self.rows
        view = self.query_one("#units", RowView)
        view.marks.clear()
        view.show(self.shown, COLUMNS[self.view], cursor=cursor)
        self.tell()

    @on(RowView.Moved, "#units")
    def _moved(self, event: RowView.Moved) -> None:
        self._reading = 0
        match self.shown:
            case UnitRows() if 0 <= event.index < len(self.shown) and self._rows_of is self.campaign:
                plan, offset = self.campaign.plan, self.shown.told[event.index].offset
                self._reading = self.bench.work.begin(
                    "read a unit",
                    self,
                    lambda ticket: LinesRead(ticket.request, lines_of(plan.unit_at(offset))),
                    quiet=True,
                )
            case GroupRows() if 0 <= event.index < len(self.shown):
                self._below(samples_of(self.shown.groups[event.index]))
            case AloneRows() if 0 <= event.index < len(self.shown):
                alone = self.shown.found[event.index]
                self._below([Line(alone.image_set, None, "(left alone)", alone.why)])
            case ExcludedRows() if 0 <= event.index < len(self.shown):
                one = self.shown.found[event.index]
                self._below([Line("", None, str(one.what), "is not done; x puts it back")])
            case _:
                self._below(())

    def on_lines_read(self, message: LinesRead) -> None:
        """Show the changes of the unit under the cursor."""
        if message.request == self._reading:
            self._below(message.lines)

    def _below(self, lines: Sequence[Line]) -> None:
        self.lines = ChangeRows(lines)
        below = self.query_one("#changed", RowView)
        below.marks.clear()
        below.show(self.lines, cursor=0)
        self._tell_row()

    @on(RowView.Moved, "#changed")
    def _tell_row(self) -> None:
        """Show whole what columns cut off in the row under the cursor of the list with the focus."""
        below = self.query_one("#changed", RowView)
        view = below if below.has_focus else self.query_one("#units", RowView)
        rows, index = view.rows, view.cursor
        whole = rows.whole(index) if isinstance(rows, Whole) and 0 <= index < len(rows) else ("", "")
        self.query_one("#detail", Detail).tell(*whole)

    @on(RowView.Marked)
    def _marked(self) -> None:
        self.tell()

    def on_descendant_focus(self) -> None:
        """What is excluded, and told whole, depends on where the cursor is."""
        self._tell_row()
        self.tell()

    # --- why

    @on(RowView.Opened, "#units")
    def _into(self) -> None:
        self.query_one("#changed").focus()

    @on(RowView.Opened, "#changed")
    def _opened(self) -> None:
        self.perform("campaign.explain")

    def do_explain(self) -> None:
        """Say why the change under the cursor is made."""
        cursor = max(0, self.query_one("#changed", RowView).cursor)
        line = self.lines.lines[cursor] if cursor < len(self.lines) else None
        if line is None or line.change is None:
            self.bench.say("Explain: this line is no change", severity="warning")
            return
        self.app.push_screen(TellScreen("Why it is changed", explained(line.image_set, line.change)))

    # --- taking out and putting back

    def _asked(self) -> list[Exclusion]:
        """Return what the marked rows of the list with the focus, or the one under its cursor, are."""
        below = self.query_one("#changed", RowView)
        view = below if below.has_focus else self.query_one("#units", RowView)
        chosen = sorted(view.marks) or ([view.current] if view.current else [])
        keys = {view.rows.key(index): index for index in range(len(view.rows))}
        return [what for key in chosen if key in keys for what in self._exclusions(view.rows, keys[key])]

    def _exclusions(self, rows: Rows, index: int) -> list[Exclusion]:
        from curator.plan.excluding import Exclusion

        match rows:
            case UnitRows():
                unit = rows.told[index].unit
                members = unit.members if unit.kind == "update" else unit.members[:1]  # others go as a whole
                return [Exclusion(set=member.id) for member in members]
            case GroupRows():
                group = rows.groups[index]
                return [Exclusion(rule=group.rule, element=group.element)]
            case ExcludedRows():
                return [rows.found[index].what]
            case ChangeRows():
                line = rows.lines[index]
                if line.change is None:
                    return []
                path, rule = line.change.path, line.change.why.rule
                return [Exclusion(line.image_set, rule, str(path.generic()), str(path))]
        return []

    def do_exclude(self) -> None:
        """Take what is marked, or under the cursor, out of the plan; or put back what was taken out."""
        session, spec, campaign = self.bench.session, self.bench.store_spec, self.campaign
        whats = self._asked()
        if session is None or not whats:
            self.bench.say("Exclude: this line is no change", severity="warning")
            return
        back = self.view == EXCLUDED and not self.query_one("#changed").has_focus
        title = "put back into the plan" if back else "take out of the plan"
        told = "Put back" if back else "Taken out; X puts the last one back"

        def amended(ticket: Ticket) -> Amended:
            made = (
                put_back(session, campaign, whats, ticket)
                if back
                else exclude(session, spec, campaign, whats, ticket)
            )
            return Amended(ticket.request, made, told)

        self._amending = self.bench.work.begin(title, self, amended)

    def do_put_back(self) -> None:
        """Put back what was taken out last."""
        session, campaign = self.bench.session, self.campaign
        last = campaign.plan.header.excluded[-1]
        if session is not None:
            self._amending = self.bench.work.begin(
                "put back into the plan",
                self,
                lambda ticket: Amended(
                    ticket.request, put_back(session, campaign, [last.what], ticket), "Put back"
                ),
            )

    def on_amended(self, message: Amended) -> None:
        """Show the plan as it is now, and what it costs."""
        if message.request == self._amending:
            self.campaign, self.groups = message.campaign, None
            cost = self.campaign.plan.cost
            left = f"{plural(cost.changes, 'change')} in {plural(cost.image_sets, 'image set')}, {plural(sum(cost.calls.values()), 'call')}"
            self.bench.say(f"{message.text}: plan {self.campaign.id[:8]} has {left}.")
            self.do_refresh()

    def held(self) -> set[Need]:
        """Return what is at hand for reviewing."""
        held = super().held()
        if any(ticket.request == self._amending for ticket in self.bench.work.running):
            held.discard(Need.IDLE)  # the plan that is shown is not the one that was asked for
        if not self.begun and not any(self.rows.status(n) in UNDOABLE for n in range(len(self.rows))):
            held.add(Need.UNBEGUN)
            if self.campaign.plan.header.excluded:
                held.add(Need.EXCLUDED)
        if len(self.lines):
            held.add(Need.ROW)
        return held
