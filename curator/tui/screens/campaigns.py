"""All campaigns of the project: what was planned, what was done, and where each stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import BindingType
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from curator.printable import plural
from curator.tui.actions import Need, bindings
from curator.tui.auditing import Outline, campaigns_of, check_ledgers
from curator.tui.recording import said_of, save_session
from curator.tui.rows import Cell, Column
from curator.tui.screens.asking import AskScreen, TellScreen
from curator.tui.screens.campaign import CampaignScreen, ask_for_report
from curator.tui.screens.ledger import LedgerScreen
from curator.tui.screens.place import Place
from curator.tui.walk import report_campaign
from curator.tui.widgets.row_view import RowView
from curator.tui.work import Ticket

if TYPE_CHECKING:
    from curator.campaign.journal import Campaign

COLUMNS = (
    Column("made", "Planned", 16),
    Column("id", "Campaign", 8),
    Column("title", "What", 20, grow=2),
    Column("sets", "Sets", 5, right=True),
    Column("changes", "Changes", 7, right=True),
    Column("status", "Where it stands", 16, grow=1),
    Column("by", "By", 8),
    Column("last", "Last", 16, grow=1),
)


@dataclass
class CampaignsRead(Message):
    """The project's campaigns, the newest first."""

    request: int
    found: Sequence[Outline] = field(repr=False)


@dataclass
class LedgersChecked(Message):
    """All ledgers were checked."""

    request: int
    told: Sequence[tuple[str, Cell]] = field(repr=False)
    whole: bool


@dataclass
class SessionSaved(Message):
    """A rule file was made of campaigns, or a report was written; ``text`` says where."""

    request: int
    text: str


class CampaignRows:
    """`Rows` over campaigns."""

    def __init__(self, found: Sequence[Outline] = ()) -> None:
        self.found = found

    def __len__(self) -> int:
        return len(self.found)

    def key(self, index: int) -> str:
        """Return the campaign's id."""
        return self.found[index].id

    def cells(self, index: int, columns: Sequence[Column]) -> Sequence[Cell]:
        """Return the cells of a campaign."""
        one = self.found[index]
        status = ", ".join(f"{count:,} {name}" for name, count in one.statuses.items())
        if one.amended:
            status = f"amended: {one.amended[:8]}"
        elif one.verified.get("fails"):
            status += f", {one.verified['fails']:,} NOT as planned"
        elif one.verified.get("holds"):
            status += f", {one.verified['holds']:,} verified"
        bad = {"failed", "moved"} & set(one.statuses) or one.verified.get("fails")
        role = "bad" if bad else "good" if set(one.statuses) == {"done"} else "dim" if one.amended else ""
        out = f" ({one.excluded:,} taken out)" if one.excluded else ""
        return (
            (one.made[:16].replace("T", " "), "dim"),
            (one.id[:8], "accent"),
            one.title + out,
            f"{one.image_sets:,}",
            f"{one.changes:,}",
            (status, role),
            one.by,
            (one.last, "dim"),
        )


class CampaignsScreen(Place):
    """The list of campaigns."""

    PLACE = "campaigns"
    TITLE_TEXT = "Campaigns"
    EXPLAINED = (
        "Every plan of this project, applied or not: what it does, where it stands, who did what to it last. Open one to see "
        "its changes, apply, verify or undo it; c shows its calls, p writes its report, L proves that no ledger was "
        "changed. w saves what was done as a rule file that `curator batch` replays."
    )
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("campaigns"))

    def __init__(self) -> None:
        super().__init__()
        self.rows = CampaignRows()
        self._request = 0
        self._saving = 0
        self._auditing = 0

    def body(self) -> Iterable[Widget]:
        """Yield the list, or the sentence that there is none."""
        yield RowView(COLUMNS, self.rows, id="campaigns", markable=True)
        yield Static("", id="nothing", markup=False)

    def on_mount(self) -> None:
        """Read the project."""
        self.query_one("#nothing").display = False
        self.query_one("#campaigns").focus()
        self.do_refresh()

    def on_screen_resume(self) -> None:
        """Show what became of the campaign that was looked at."""
        if self.rows.found:
            self.do_refresh()

    def do_refresh(self) -> None:
        """Read the project."""
        session = self.bench.session
        if session is not None:
            self._request = self.bench.work.begin(
                "read the campaigns",
                self,
                lambda ticket: CampaignsRead(ticket.request, campaigns_of(session, ticket)),
                quiet=True,
            )

    def on_campaigns_read(self, message: CampaignsRead) -> None:
        """Show the list."""
        if message.request == self._request:
            self.rows = CampaignRows(message.found)
            view, nothing = self.query_one("#campaigns", RowView), self.query_one("#nothing", Static)
            view.show(self.rows)
            view.display, nothing.display = bool(message.found), not message.found
            nothing.update("" if message.found else "Nothing has been planned in this project yet.")
            self.tell()

    def held(self) -> set[Need]:
        """Return what is at hand."""
        held = super().held()
        if len(self.rows):
            held.add(Need.ROW)
        if self._chosen():
            held.add(Need.WALKED)
        return held

    @on(RowView.Marked, "#campaigns")
    def _marked(self) -> None:
        self.tell()

    def _chosen(self) -> list[str]:
        """Return the marked campaigns, the oldest first, or those of this session."""
        marks = self.query_one("#campaigns", RowView).marks if self.here else set()
        session = self.bench.session
        return [each.id for each in reversed(self.rows.found) if each.id in marks] or (
            list(session.walked) if session is not None else []
        )

    def count_text(self) -> str:
        """Return how many."""
        return f"{len(self.rows):,}" if len(self.rows) else ""

    @on(RowView.Opened, "#campaigns")
    def _opened(self) -> None:
        self.perform("campaigns.open")

    def do_open(self) -> None:
        """See one."""
        campaign = self._campaign()
        if campaign is not None:
            self.app.push_screen(CampaignScreen(campaign))

    def _campaign(self) -> Campaign | None:
        """Return the campaign under the cursor."""
        from curator.campaign.journal import Campaign

        session, key = self.bench.session, self.query_one("#campaigns", RowView).current
        return Campaign.open(session.project, key) if session is not None and key else None

    def do_calls(self) -> None:
        """See its calls."""
        campaign = self._campaign()
        if campaign is not None:
            self.app.push_screen(LedgerScreen(campaign, title=campaign.plan.header.title))

    def do_report(self) -> None:
        """Ask where, and write the report."""
        campaign = self._campaign()
        if campaign is not None:
            ask_for_report(self, campaign, self._said)

    def _said(self, path: str, campaign: Campaign) -> None:
        self._saving = self.bench.work.begin(
            "write the report",
            self,
            lambda ticket: SessionSaved(ticket.request, f"Report: {report_campaign(campaign, path)}"),
        )

    def do_audit(self) -> None:
        """Check all ledgers."""
        session = self.bench.session
        if session is not None:
            self._auditing = self.bench.work.begin(
                "check the ledgers",
                self,
                lambda ticket: LedgersChecked(ticket.request, *check_ledgers(session, ticket)),
            )

    def on_ledgers_checked(self, message: LedgersChecked) -> None:
        """Show what each says."""
        if message.request == self._auditing:
            heading = (
                "Every ledger is whole" if message.whole else "Ledgers were CHANGED since they were written"
            )
            self.app.push_screen(TellScreen(heading, message.told))

    def do_save(self) -> None:
        """Save for the series alone in which it was done."""
        self._save(everywhere=False)

    def do_save_everywhere(self) -> None:
        """Save for all."""
        self._save(everywhere=True)

    def _save(self, *, everywhere: bool) -> None:
        session, ids = self.bench.session, self._chosen()

        def named(name: str | None) -> None:
            if name is not None and session is not None:

                def save(ticket: Ticket) -> SessionSaved:
                    made = save_session(session, ids, name, everywhere=everywhere, ticket=ticket)
                    return SessionSaved(ticket.request, said_of(*made))

                self._saving = self.bench.work.begin("save as rules", self, save)

        count = len(ids)
        where = "wherever the same values stand" if everywhere else "in the series where it was done"
        text = (
            f"What {plural(count, 'campaign')} did, as rules {where}. The file lies in the project, for you "
            "alone: it quotes values. Its name:"
        )
        name = f"session-{datetime.now(UTC):%Y-%m-%d-%H%M}"
        self.app.push_screen(AskScreen("Save as a rule file", text, "Save", value=name), named)

    def on_session_saved(self, message: SessionSaved) -> None:
        """Say where, and how it is replayed; it is wanted later, too."""
        if message.request == self._saving:
            self.bench.work.note(message.text)
            self.app.push_screen(TellScreen("Where it lies", [("", message.text)]))

    def do_back(self) -> None:
        """Leave."""
        self.dismiss()
