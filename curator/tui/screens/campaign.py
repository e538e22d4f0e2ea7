"""One plan: what it will do and why, and after that what became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import BindingType
from textual.message import Message
from textual.widget import Widget

from curator.tui.actions import Need, bindings
from curator.tui.messages import Written
from curator.tui.publishing import hold_against_originals, summary
from curator.tui.review import ChangeRows, lines_of
from curator.tui.screens.asking import AskScreen, TellScreen, is_new_file
from curator.tui.screens.confirm import ConfirmScreen
from curator.tui.screens.place import Place
from curator.tui.walk import (
    Told,
    apply_campaign,
    finish_campaign,
    ledger_problems,
    report_campaign,
    undo_campaign,
    units_of,
    verify_campaign,
)
from curator.tui.widgets.row_view import Cell, Column, RowView
from curator.tui.work import Failed, Ticket

if TYPE_CHECKING:
    from curator.campaign.journal import Campaign
    from curator.tui.session import Session

UNITS = (
    Column("status", "Status", 9),
    Column("kind", "Does", 8),
    Column("title", "What", 24, grow=3),
    Column("sets", "Sets", 4, right=True),
    Column("changes", "Changes", 7, right=True),
    Column("calls", "Calls", 5, right=True),
    Column("note", "Note", 10, grow=2),
)
CHANGES = (
    Column("set", "Set", 8),
    Column("name", "Element", 18, grow=2),
    Column("before", "Before", 12, grow=2),
    Column("after", "After", 12, grow=2),
    Column("why", "Why", 16, grow=3),
)
_ROLES = {
    "done": "good",
    "finished": "good",
    "undone": "warn",
    "rebuilt": "warn",
    "failed": "bad",
    "moved": "bad",
    "locked": "warn",
    "open": "warn",
    "begun": "accent",
    "waiting": "dim",
}
_SETTLED = frozenset(("done", "undone", "finished", "rebuilt"))
_UNDOABLE = frozenset(("done", "failed", "moved", "begun", "open", "finished"))


@dataclass
class UnitsRead(Message):
    """The campaign's units with where they stand."""

    request: int
    told: Sequence[Told] = field(repr=False)


@dataclass
class Walked(Message):
    """An apply, a verification or an undo is over; ``text`` says what came of it."""

    request: int
    text: str
    holds: bool


@dataclass
class Summed(Message):
    """What the plan costs and leaves out."""

    request: int
    told: Sequence[tuple[str, Cell]] = field(repr=False)


@dataclass
class Said(Message):
    """Something that changes no image set is over."""

    request: int
    text: str
    holds: bool = True


class UnitRows:
    """`Rows` over the units."""

    def __init__(self, told: Sequence[Told] = ()) -> None:
        self.told = told

    def __len__(self) -> int:
        return len(self.told)

    def key(self, index: int) -> str:
        """Return the unit's number."""
        return str(self.told[index].unit.number)

    def cells(self, index: int, columns: Sequence[Column]) -> Sequence[Cell]:
        """Return the cells of a unit."""
        unit, state = self.told[index].unit, self.told[index].state
        left_out = sum(each.count for each in unit.left_out)
        note = state.reason or ("; ".join(unit.losses)) or (f"{left_out:,} left out" if left_out else "")
        if state.verified and not state.reason and str(state.status) == "done":
            note = "verified" if state.verified == "holds" else "NOT as planned"
        return (
            (str(state.status), _ROLES.get(str(state.status), "")),
            (str(unit.kind), "accent"),
            unit.title,
            str(len(unit.members)),
            str(unit.changes),
            str(len(unit.steps)),
            (note, "bad" if state.verified == "fails" else "dim"),
        )


class CampaignScreen(Place):
    """Review, apply, verify, undo."""

    PLACE = "campaign"
    TITLE_TEXT = "Plan"
    EXPLAINED = (
        "What the plan does, unit by unit; below, every change of the unit under the cursor with its reason. "
        "A carries it out exactly as shown, v proves the outcome (of a publication also against its originals), "
        "w writes the report, U takes it back. Nothing is changed before A."
    )
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("campaign"))

    def __init__(self, campaign: Campaign) -> None:
        super().__init__()
        self.campaign = campaign
        self.rows = UnitRows()
        self._request = 0
        self._walking = 0
        self._told = 0

    def body(self) -> Iterable[Widget]:
        """Yield the units, and the changes of the one under the cursor."""
        yield RowView(UNITS, self.rows, id="units")
        yield RowView(CHANGES, id="changed").not_focusable()

    def on_mount(self) -> None:
        """Read the units."""
        self.query_one("#units").focus()
        self.do_refresh()

    def do_refresh(self) -> None:
        """Read the plan and its ledger."""
        campaign = self.campaign
        self._request = self.bench.work.begin(
            "read the plan", self, lambda ticket: UnitsRead(ticket.request, units_of(campaign)), quiet=True
        )

    def on_units_read(self, message: UnitsRead) -> None:
        """Show the units."""
        if message.request == self._request:
            self.rows = UnitRows(message.told)
            self.query_one("#units", RowView).show(self.rows)
            self.tell()

    # --- what is shown

    def title_text(self) -> str:
        """Return the campaign's title and id."""
        return f"Plan  {self.campaign.plan.header.title}  {self.campaign.id[:8]}"

    def count_text(self) -> str:
        """Return how many units stand where."""
        counts = Counter(str(told.state.status) for told in self.rows.told)
        return ", ".join(f"{count:,} {status}" for status, count in counts.items())

    def held(self) -> set[Need]:
        """Return what is at hand."""
        held = super().held()
        statuses = {str(told.state.status) for told in self.rows.told}
        if statuses - _SETTLED:
            held.add(Need.OPEN_UNITS)
        if statuses & _UNDOABLE:
            held.add(Need.DONE_UNITS)
        if self._deletable():
            held.add(Need.DELETABLE)
        return held

    @on(RowView.Moved, "#units")
    def _moved(self, event: RowView.Moved) -> None:
        told = self.rows.told[event.index] if 0 <= event.index < len(self.rows) else None
        self.query_one("#changed", RowView).show(ChangeRows(lines_of(told.unit) if told is not None else ()))

    # --- actions

    def do_apply(self) -> None:
        """Ask, with the cost in sight, and carry it out."""
        cost = self.campaign.plan.cost
        calls = ", ".join(f"{count:,} {operation}" for operation, count in cost.calls.items()) or "no calls"
        text = (
            f"{cost.changes:,} changes to {cost.image_sets:,} image sets: {calls}.\n"
            "An image set that has changed since the plan was made is refused. U takes everything back."
        )
        self._ask("Apply this plan?", text, "Apply", "apply the plan", apply_campaign)

    def do_undo(self) -> None:
        """Ask, and take back what was done."""
        text = "Every image set that the plan changed gets its old content back, as a new version; this is proved."
        self._ask("Undo what this plan did?", text, "Undo", "undo the plan", undo_campaign)

    def _ask(
        self,
        question: str,
        text: str,
        button: str,
        title: str,
        walk: Callable[[Session, str, Campaign, Ticket], str],
    ) -> None:
        def confirmed(wanted: bool | None) -> None:
            session, spec, campaign = self.bench.session, self.bench.store_spec, self.campaign
            if wanted and session is not None:
                self._walking = self.bench.work.begin(
                    title,
                    self,
                    lambda ticket: Walked(
                        ticket.request, f"{title}: {walk(session, spec, campaign, ticket)}", True
                    ),
                    writes=True,
                )

        self.app.push_screen(ConfirmScreen(question, text, button), confirmed)

    def do_verify(self) -> None:
        """Prove that everything is as planned."""
        session, spec, campaign = self.bench.session, self.bench.store_spec, self.campaign
        if session is None:
            return

        def verify(ticket: Ticket) -> Walked:
            proofs = [each for each in verify_campaign(session, spec, campaign, ticket) if each.checked]
            wrong = sum(not each.holds for each in proofs)
            sets = sum(each.image_sets for each in proofs)
            text = f"{wrong:,} units are NOT as planned" if wrong else f"{sets:,} image sets are as planned"
            holds = not wrong
            if "profile" in campaign.plan.header.options and holds:
                attested, holds = hold_against_originals(session, spec, campaign)
                text = f"{text}; {attested}"
            return Walked(ticket.request, f"verified: {text}", holds)

        self._walking = self.bench.work.begin("verify", self, verify)

    def do_summary(self) -> None:
        """Show cost and what is left out."""
        campaign = self.campaign
        self._told = self.bench.work.begin(
            "sum up the plan",
            self,
            lambda ticket: Summed(ticket.request, summary(campaign)),
            quiet=True,
        )

    def on_summed(self, message: Summed) -> None:
        """Show it."""
        if message.request == self._told:
            self.app.push_screen(TellScreen("What the plan costs and leaves out", message.told))

    def do_report(self) -> None:
        """Ask where, and write the report."""
        campaign = self.campaign

        def named(path: str | None) -> None:
            if path is not None:
                self._told = self.bench.work.begin(
                    "write the report",
                    self,
                    lambda ticket: Said(ticket.request, f"Report: {report_campaign(campaign, path)}"),
                )

        text = (
            "An .html page, .md, .json or .csv; no values of elements are in it. It is readable by you alone."
        )
        kept = str(campaign.folder / "report.html")
        self.app.push_screen(
            AskScreen("Write the report", text, "Write", value=kept, right=is_new_file), named
        )

    def do_audit(self) -> None:
        """Hold the ledger against its chain, its heads and the plan."""
        campaign = self.campaign

        def check(ticket: Ticket) -> Said:
            wrong = ledger_problems(campaign)
            if not wrong:
                return Said(ticket.request, "The ledger is whole, and it says what the plan says.")
            line, what = wrong[0]
            text = f"{len(wrong):,} problems in the ledger; line {line}: {what}"
            return Said(ticket.request, text, holds=False)

        self._told = self.bench.work.begin("check the ledger", self, check)

    def on_said(self, message: Said) -> None:
        """Tell what came of it, and keep it in the log: a path is wanted later, too."""
        if message.request == self._told:
            self.bench.work.note(message.text)
            self.bench.say(message.text, severity="information" if message.holds else "error")

    def _deletable(self) -> int:
        return sum(len(told.unit.emptied) for told in self.rows.told if str(told.state.status) == "done")

    def do_finish(self) -> None:
        """Ask for the id, and delete what is emptied."""
        word = self.campaign.id[:8]
        text = (
            f"{self._deletable():,} image sets are deleted with all their versions, for good. After that undo can "
            f"only rebuild them, with other ids and without their history.\nType {word} to confirm."
        )

        def typed(value: str | None) -> None:
            session, spec, campaign = self.bench.session, self.bench.store_spec, self.campaign
            if value is not None and session is not None:
                self._walking = self.bench.work.begin(
                    "finish the plan",
                    self,
                    lambda ticket: Walked(ticket.request, *finish_campaign(session, spec, campaign, ticket)),
                    writes=True,
                )

        self.app.push_screen(
            AskScreen("Delete what was emptied?", text, "Delete", right=lambda value: value == word), typed
        )

    def on_walked(self, message: Walked) -> None:
        """Show what came of it, here and in the list."""
        if message.request == self._walking:
            self.bench.say(message.text, severity="information" if message.holds else "error")
            self._changed()

    def failed(self, message: Failed) -> None:
        """Say what failed; what was done until then is in the ledger."""
        super().failed(message)
        if message.request == self._walking:
            self._changed()

    def _changed(self) -> None:
        self.do_refresh()
        self.bench.wrote(Written(self._walking, "", "0", "the plan"))

    def do_back(self) -> None:
        """Leave; the plan is kept, and found under Campaigns."""
        self.dismiss()
