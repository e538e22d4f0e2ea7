"""What rules would change, counted and sampled; nothing is written, until somebody makes a plan of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on
from textual.binding import BindingType
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from curator.printable import plural, printable
from curator.tui.actions import Need, bindings
from curator.tui.campaign_rows import BY_ELEMENT, BY_RULE, COLUMNS, COUNTS, ELEMENT, RULE
from curator.tui.review import ChangeRows, GroupRows, explained, samples_of
from curator.tui.rows import Column
from curator.tui.screens.asking import TellScreen
from curator.tui.screens.campaign import CampaignScreen
from curator.tui.screens.place import Place
from curator.tui.shelf import DryRun, take
from curator.tui.widgets.row_view import RowView

if TYPE_CHECKING:
    from curator.campaign.journal import Campaign

VIEWS = {
    "by rule and element": (RULE, ELEMENT, *COUNTS),
    BY_RULE: COLUMNS[BY_RULE],
    BY_ELEMENT: COLUMNS[BY_ELEMENT],
}
SAMPLES = (
    Column("set", "Set", 8),
    Column("name", "Element", 18, grow=2),
    Column("before", "Before", 14, grow=3),
    Column("after", "After", 14, grow=3),
    Column("why", "Why", 8, grow=2),
)


@dataclass
class Taken(Message):
    """The dry run is a campaign now."""

    request: int
    campaign: Campaign = field(repr=False)


class DryRunScreen(Place):
    """Groups of changes, and samples of the one under the cursor."""

    PLACE = "dry-run"
    TITLE_TEXT = "Dry run"
    EXPLAINED = (
        "What the rules would change: how many changes in how many image sets, by rule and element, and below values "
        "before and after. Nothing was written. p keeps exactly this as a plan, which can be reviewed change by change, "
        "applied, and taken back."
    )
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("dry-run"))

    def __init__(self, dry: DryRun, scope: str) -> None:
        super().__init__()
        self.dry = dry
        self.scope = scope
        self.view = next(iter(VIEWS))
        self.groups = GroupRows()
        self.samples = ChangeRows()
        self._request = 0

    def body(self) -> Iterable[Widget]:
        """Yield the groups, or the sentence that there are none, and the samples."""
        yield RowView(id="groups")
        yield Static(Text(printable(self._nothing_text())), id="nothing", markup=False)
        yield RowView(SAMPLES, self.samples, id="samples")

    def on_mount(self) -> None:
        """Show the groups."""
        empty = not self.dry.groups.by_rule
        self.query_one("#nothing").display = empty
        self.query_one("#groups").display = not empty
        self.query_one("#samples").display = not empty
        self._show()
        self.query_one("#groups").focus()

    def on_unmount(self) -> None:
        """Let the plan go, whichever way the screen was left; one that was taken is a campaign's by now."""
        self.dry.forget()

    def _nothing_text(self) -> str:
        if not self.dry.skipped:
            return "The rules would change nothing here."
        return f"The rules would change nothing in what was looked at. {self.dry.unseen}."

    def _show(self) -> None:
        groups = self.dry.groups
        made = {
            "by rule and element": groups.rules_with_elements,
            BY_RULE: groups.rules,
            BY_ELEMENT: groups.elements,
        }[self.view]()
        self.groups = GroupRows(made)
        self.query_one("#groups", RowView).show(self.groups, VIEWS[self.view], cursor=0)

    @on(RowView.Moved, "#groups")
    def _moved(self, event: RowView.Moved) -> None:
        if 0 <= event.index < len(self.groups):
            self.samples = ChangeRows(samples_of(self.groups.groups[event.index]))
            self.query_one("#samples", RowView).show(self.samples, cursor=0)

    # --- what is shown

    def title_text(self) -> str:
        """Return whose dry run it is, and of what."""
        return f"Dry run  {self.dry.name}  {self.scope}"

    def count_text(self) -> str:
        """Return how much would change."""
        cost = self.dry.plan.cost
        changes = plural(cost.changes, "change")
        unseen = f", {len(self.dry.skipped):,} NOT looked at (s)" if self.dry.skipped else ""
        return f"{changes} in {plural(cost.image_sets, 'image set')}{unseen}, {self.view}"

    def held(self) -> set[Need]:
        """Return what is at hand."""
        held = super().held()
        if self.dry.plan.cost.units:
            held.add(Need.CHANGE)
        if len(self.samples):
            held.add(Need.ROW)
        return held

    # --- actions

    @on(RowView.Opened, "#samples")
    @on(RowView.Opened, "#groups")
    def _opened(self) -> None:
        self.perform("dry-run.explain")

    def do_explain(self) -> None:
        """Say why."""
        view = self.query_one("#samples", RowView)
        line = self.samples.lines[max(0, view.cursor)]
        if line.change is not None:
            self.app.push_screen(TellScreen("Why it is changed", explained(line.image_set, line.change)))

    def do_by(self) -> None:
        """Group otherwise."""
        names = list(VIEWS)
        self.view = names[(names.index(self.view) + 1) % len(names)]
        self._show()

    def do_summary(self) -> None:
        """Show the cost and what is left out."""
        self.app.push_screen(TellScreen("What it would cost, and what it leaves out", self.dry.told))

    def do_plan(self) -> None:
        """Keep it as a campaign."""
        session, dry = self.bench.session, self.dry
        if session is not None:
            self._request = self.bench.work.begin(
                "make a plan", self, lambda ticket: Taken(ticket.request, take(session, dry))
            )

    def on_taken(self, message: Taken) -> None:
        """Go on with the plan, in this screen's place."""
        if message.request == self._request:
            self.app.switch_screen(CampaignScreen(message.campaign))

    def do_back(self) -> None:
        """Leave."""
        self.dismiss()
