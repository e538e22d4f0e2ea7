"""One plan: what it will do and why, and after that what became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import BindingType
from textual.message import Message
from textual.widgets import Static

from curator.printable import plural, printable
from curator.tui.actions import Need, bindings
from curator.tui.auditing import ledger_problems, plan_undo_of_rule
from curator.tui.campaign_rows import BY_RULE, BY_SET, SETTLED, UNDOABLE
from curator.tui.messages import Written
from curator.tui.outside import in_browser, in_pager
from curator.tui.publishing import hold_against_originals, summary
from curator.tui.rows import Cell
from curator.tui.screens.asking import AskScreen, TellScreen, is_new_file
from curator.tui.screens.confirm import ConfirmScreen
from curator.tui.screens.ledger import LedgerScreen
from curator.tui.screens.place import Place
from curator.tui.screens.plan_review import ReviewScreen
from curator.tui.walk import (
    apply_campaign,
    finish_campaign,
    report_campaign,
    report_lines,
    undo_campaign,
    verify_campaign,
)
from curator.tui.widgets.row_view import RowView
from curator.tui.work import Failed, Ticket

if TYPE_CHECKING:
    from curator.campaign.applying import Progress
    from curator.campaign.journal import Campaign
    from curator.tui.session import Session


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


@dataclass
class Going(Message):
    """How far an apply is, and the units that stand elsewhere since it was last told."""

    request: int
    seen: Progress
    now: dict[int, tuple[str, str]] = field(repr=False)


@dataclass
class RuleTaken(Message):
    """A plan that takes one rule back was made."""

    request: int
    campaign: Campaign = field(repr=False)


def ask_for_report(place: Place, campaign: Campaign, write: Callable[[str, Campaign], None]) -> None:
    """Ask where a report goes, and have it written there."""

    def named(path: str | None) -> None:
        if path is not None:
            write(path, campaign)

    text = "An .html page, .md, .json or .csv; no values of elements are in it. It is readable by you alone."
    kept = str(campaign.folder / "report.html")
    place.app.push_screen(AskScreen("Write the report", text, "Write", value=kept, right=is_new_file), named)


def going_text(seen: Progress, *, paused: bool, under_way: int) -> str:
    """Return how far an apply is, in one line; what is ``under_way`` is ended before it stands still."""
    from curator.plan.cost import spelled

    pausing = f"pausing: {under_way:,} begun {'is' if under_way == 1 else 'are'} finished first"
    told = [
        *([pausing if under_way else "PAUSED (P goes on)"] if paused else []),
        f"{seen.units_done:,} of {plural(seen.units, 'unit')}",
        f"{seen.calls_done:,} of {plural(seen.calls, 'call')}",
        f"{seen.rate:.2f} a second",
    ]
    if not paused and seen.seconds_left is not None and seen.calls_done < seen.calls:
        told.append(f"{spelled(seen.seconds_left)} left")
    if seen.throttles:
        told.append(f"slowed down by the service {seen.throttles:,} ×")
    if seen.stopped_units:
        told.append(f"{seen.stopped_units:,} NOT done")
    return "  ".join(told)


@dataclass
class Reported(Message):
    """The report as lines, or where its page lies."""

    request: int
    lines: Sequence[str]
    path: Path | None


class CampaignScreen(ReviewScreen):
    """Review, apply, verify, undo."""

    PLACE = "campaign"
    TITLE_TEXT = "Plan"
    EXPLAINED = (
        "What the plan does, by image set, by rule or by element, and what it leaves alone (b); below, the changes of what is under the cursor, and "
        "why each is made (⏎). x takes what is marked out of the plan before it is applied, X puts it back. A carries it "
        "out exactly as shown, P pauses that between image sets, v proves the outcome (of a publication also against its "
        "originals), w writes the report, U takes it back. Nothing is changed before A."
    )
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("campaign"))

    def __init__(self, campaign: Campaign) -> None:
        super().__init__(campaign)
        self._walking = 0
        self._told = 0
        self._reporting = 0
        self._heard: Going | None = None
        self._outcome = ""
        self._failed = False

    # --- what is shown

    def title_text(self) -> str:
        """Return the campaign's title and id."""
        return f"Plan  {self.campaign.plan.header.title}  {self.campaign.id[:8]}"

    def count_text(self) -> str:
        """Return how many units stand where, and by what they are shown."""
        counts = Counter(self.rows.status(index) for index in range(len(self.rows)))
        verified = sum(map(self.rows.verified, range(len(self.rows))))
        beside = (("verified", verified), ("left alone", len({each.image_set for each in self.alone})))
        told = [*counts.items(), *((word, count) for word, count in beside if count)]
        stand = ", ".join(f"{count:,} {status}" for status, count in told)
        return stand if self.view == BY_SET else f"{stand}  {self.view}"

    def held(self) -> set[Need]:
        """Return what is at hand."""
        held = super().held()
        statuses = {self.rows.status(index) for index in range(len(self.rows))}
        if statuses - SETTLED:
            held.add(Need.OPEN_UNITS)
        if statuses & UNDOABLE:
            held.add(Need.DONE_UNITS)
        if self._applying() is not None:
            held.add(Need.APPLYING)
        if self._deletable():
            held.add(Need.DELETABLE)
        return held

    # --- actions

    def do_apply(self) -> None:
        """Ask, with the cost in sight, and carry it out."""
        from curator.audit import os_user

        plan = self.campaign.plan
        calls = ", ".join(f"{count:,} {operation}" for operation, count in plan.cost.calls.items())
        out = sum(each.changes for each in plan.header.excluded)
        text = (
            f"{plural(plan.cost.changes, 'change')} to {plural(plan.cost.image_sets, 'image set')}: {calls or 'no calls'}.\n"
            + (
                f"{plural(out, 'change was', 'changes were')} taken out of it by its reviewers.\n"
                if plan.header.excluded
                else ""
            )
            + f"The ledger says that {os_user()} approved it. An image set that has changed since the plan was made "
            "is refused. U takes everything back."
        )

        def walk(session: Session, spec: str, campaign: Campaign, ticket: Ticket) -> str:
            def tell(seen: Progress, now: dict[int, tuple[str, str]]) -> None:
                self.post_message(Going(ticket.request, seen, now))

            return apply_campaign(session, spec, campaign, ticket, tell)

        self._ask("Apply this plan?", text, "Apply", "apply the plan", walk)

    def _applying(self) -> Ticket | None:
        """Return the apply of this plan that is under way."""
        running = self.bench.work.running
        return next((each for each in running if each.request == self._walking and each.writes), None)

    def on_going(self, message: Going) -> None:
        """Show where the units stand by now."""
        if message.request == self._walking:
            self._heard = message
            self.rows.heard(message.now)
            if self.view == BY_SET:
                self.query_one("#units", RowView).redraw()
                self._tell_row()
            self._say_how()

    def _say_how(self) -> None:
        """Show how an apply goes, or what came of the last walk: a toast is gone before it is read."""
        line, heard, ticket = self.query_one("#going", Static), self._heard, self._applying()
        going = heard is not None and ticket is not None
        line.display = going or bool(self._outcome)
        line.set_class(not going and self._failed, "failed")
        if heard is not None and ticket is not None:
            line.update(
                Text(going_text(heard.seen, paused=not ticket.going.is_set(), under_way=self.rows.under_way))
            )
        else:
            line.update(Text(printable(self._outcome)))

    def do_pause(self) -> None:
        """Begin nothing more for now, or go on."""
        ticket = self._applying()
        if ticket is not None:
            if ticket.going.is_set():
                ticket.going.clear()
                self.bench.work.note("paused: what was begun is ended, nothing new is begun")
            else:
                ticket.going.set()
            self._say_how()

    def do_undo(self) -> None:
        """Ask, and take back what was done: all, what is marked, or by a plan of its own what one rule did."""
        view = self.query_one("#units", RowView)
        published = self.campaign.plan.header.given is not None
        profile = "profile" in self.campaign.plan.header.options  # published, or changed in place
        if self.view == BY_RULE and view.current and not (published or profile):
            self._undo_rule(view.current.partition("\n")[0])
            return
        marked = [told.unit for told in self.rows.told if str(told.unit.number) in view.marks]
        sets = [unit.members[0].id for unit in marked] if self.view == BY_SET else []
        which = plural(len(sets), "marked unit") if sets else "this plan"
        text = "Every image set that it changed gets its old content back, as a new version; this is proved."
        if published:
            text = "The copies that it published are deleted; the originals were not changed. This is proved."
        if profile and self.view == BY_RULE:
            text = f"What a profile did is taken back whole: without a part of it, what that hides would show.\n{text}"

        def walk(session: Session, spec: str, campaign: Campaign, ticket: Ticket) -> str:
            return undo_campaign(session, spec, campaign, ticket, sets)

        self._ask(f"Undo what {which} did?", text, "Undo", "undo the plan", walk)

    def _undo_rule(self, rule: str) -> None:
        session, spec, campaign = self.bench.session, self.bench.store_spec, self.campaign
        if session is not None:
            self._taking = self.bench.work.begin(
                "plan the undo of a rule",
                self,
                lambda ticket: RuleTaken(ticket.request, plan_undo_of_rule(session, spec, campaign, rule)),
            )

    def on_rule_taken(self, message: RuleTaken) -> None:
        """Show the plan that takes the rule back."""
        if message.request == self._taking:
            self.app.push_screen(CampaignScreen(message.campaign), lambda _: self._changed())

    def _ask(
        self,
        question: str,
        text: str,
        button: str,
        title: str,
        walk: Callable[[Session, str, Campaign, Ticket], str],
    ) -> None:
        campaign = self.campaign

        def confirmed(wanted: bool | None) -> None:
            session, spec = self.bench.session, self.bench.store_spec
            if wanted and self.campaign is not campaign:
                text = "Nothing was done: the plan is another one by now. Look at it first."
                self.bench.say(text, severity="warning")
            elif wanted and session is not None:
                self.begun = True
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
            text = (
                f"{plural(wrong, 'unit is', 'units are')} NOT as planned"
                if wrong
                else f"{plural(sets, 'image set is', 'image sets are')} as planned"
            )
            holds = not wrong
            if not proofs:
                return Walked(ticket.request, "nothing was verified: no unit is done", False)
            if campaign.plan.header.given is not None and holds:
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

        def write(path: str, campaign: Campaign) -> None:
            self._told = self.bench.work.begin(
                "write the report",
                self,
                lambda ticket: Said(ticket.request, f"Report: {report_campaign(campaign, path)}"),
            )

        ask_for_report(self, self.campaign, write)

    def do_calls(self) -> None:
        """See the calls of the unit under the cursor, or all."""
        index = self.query_one("#units", RowView).cursor
        if self.view == BY_SET and 0 <= index < len(self.rows):
            unit = self.rows.told[index].unit
            self.app.push_screen(LedgerScreen(self.campaign, unit.number, unit.title))
        else:
            self.app.push_screen(LedgerScreen(self.campaign, title=self.campaign.plan.header.title))

    def do_pager(self) -> None:
        """Read the report in the pager."""
        self._report(lambda ticket: Reported(ticket.request, report_lines(self.campaign), None))

    def do_browse(self) -> None:
        """Write the report beside the plan, and show it in the browser."""
        path = self.campaign.folder / "report.html"
        self._report(lambda ticket: Reported(ticket.request, (), report_campaign(self.campaign, str(path))))

    def _report(self, make: Callable[[Ticket], Reported]) -> None:
        self._reporting = self.bench.work.begin("make the report", self, make)

    def on_reported(self, message: Reported) -> None:
        """Show the report."""
        if message.request == self._reporting:
            if message.path is not None:
                in_browser(self.bench, message.path)
            else:
                in_pager(self.bench, message.lines)

    def do_audit(self) -> None:
        """Hold the ledger against its chain, its heads and the plan."""
        campaign = self.campaign

        def check(ticket: Ticket) -> Said:
            wrong = ledger_problems(campaign)
            if not wrong:
                return Said(ticket.request, "The ledger is whole, and it says what the plan says.")
            line, what = wrong[0]
            text = f"{plural(len(wrong), 'problem')} in the ledger; line {line}: {what}"
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
            f"{plural(self._deletable(), 'image set is', 'image sets are')} deleted with all their versions, for good. After that undo can "
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
            self._outcome, self._failed = message.text, not message.holds
            self.bench.say(message.text, severity="information" if message.holds else "error")
            self._changed()

    def failed(self, message: Failed) -> None:
        """Say what failed; what was done until then is in the ledger."""
        super().failed(message)
        if message.request == self._walking:
            self._outcome, self._failed = str(message.error), True
            self._changed()

    def _changed(self) -> None:
        self._heard = None
        self._say_how()
        self.do_refresh()
        self.bench.wrote(Written(self._walking, "", "0", "the plan"))

    def do_back(self) -> None:
        """Leave; the plan is kept, and found under Campaigns."""
        self.dismiss()
