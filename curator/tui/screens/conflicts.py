"""Conflicts among image sets: the values side by side with their weights, one decision each, then one plan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import BindingType
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget

from curator.campaign.conflicts import Conflict
from curator.campaign.resolutions import Resolution, Word, tied
from curator.findings import Absent
from curator.plan.merging import Choice
from curator.plan.typed import as_typed
from curator.tui.actions import Need, bindings, key_name
from curator.tui.conflict_rows import CONFLICTS, VARIANTS, ConflictRows, VariantRows, shown, where_of
from curator.tui.conflict_words import cost_text, expected_text, right_value
from curator.tui.conflicting import (
    Foreseen,
    conflicts_of,
    decide_conflicts,
    foresee,
    plan_decided,
)
from curator.tui.rows import NoRows
from curator.tui.screens.asking import AskScreen
from curator.tui.screens.difference import DifferenceScreen
from curator.tui.screens.found import FoundPlace
from curator.tui.widgets.detail import Detail
from curator.tui.widgets.filter_field import FilterField
from curator.tui.widgets.row_view import RowView
from curator.tui.work import Failed

if TYPE_CHECKING:
    from curator.campaign.conflicts import Group
    from curator.campaign.resolutions import Key

_PAUSE = 0.3  # seconds after a decision before its cost is asked for
_MOST_FORESEEN = 500  # decided conflicts whose cost is told before there is a plan


@dataclass
class ConflictsFound(Message):
    """The conflicts, and what was decided of them before."""

    request: int
    groups: Sequence[Group] = field(repr=False)
    decided: Sequence[Resolution] = field(repr=False)


@dataclass
class ConflictsDecided(Message):
    """Decisions were kept; all of the project's."""

    request: int
    decided: Sequence[Resolution] = field(repr=False)


@dataclass
class CostForeseen(Message):
    """What the decisions would do, and cost."""

    request: int
    foreseen: Foreseen = field(repr=False)


class _Choices(RowView):
    """Rows whose Enter is done at once: it moves the focus, and the next keys may be here already."""

    def action_open(self) -> None:
        """Do what Enter does on this screen."""
        screen = self.screen
        if 0 <= self.cursor < len(self.rows) and isinstance(screen, ConflictsScreen):
            screen.opened()


class ConflictsScreen(FoundPlace[Conflict]):
    """What image sets disagree about, and what people decide of it."""

    PLACE = "conflicts"
    LIST = "#conflicts"
    TITLE_TEXT = "Conflicts"
    NOTHING = "The image sets that were read agree in what must agree."
    EXPLAINED = (
        "What the image sets of a patient, a study or a torn series disagree about, once for the largest scope in which "
        "it must agree. Below stand the values with their weights: ⏎ goes there, ⏎ again takes one; m takes the "
        "majority's, n the newest (a tie decides nothing), e types one, M merges a torn series, s leaves it, a decides "
        "all alike. Decisions belong to the project, with who and when; P makes one plan of them."
    )
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("conflicts"))
    rows: ConflictRows

    def __init__(self, ids: Sequence[str] = ()) -> None:
        super().__init__(ConflictRows(), ids)
        self.foreseen: Foreseen | None = None
        self._foreseeing = 0
        self._rest: Timer | None = None

    def body(self) -> Iterable[Widget]:
        """Yield the filter, the conflicts, the values of one, and what the decisions come to."""
        yield FilterField("filter: words")
        yield _Choices(CONFLICTS, self.rows, id="conflicts", markable=True)
        yield self.nothing()
        yield _Choices(VARIANTS, id="variants")
        yield Detail(id="merge", lines=3, grows=5)

    def do_refresh(self) -> None:
        """Look for conflicts."""
        session, ids = self.bench.session, self.ids
        if session is not None:
            self._request = self.bench.work.begin(
                "look for conflicts",
                self,
                lambda ticket: ConflictsFound(ticket.request, *conflicts_of(session, ids, ticket)),
            )

    def on_conflicts_found(self, message: ConflictsFound) -> None:
        """Show them."""
        if message.request == self._request:
            self.show_found(ConflictRows(message.groups, message.decided))
            self.query_one("#variants").display = bool(self.rows.total)
            self._ask_cost()
            self.tell()

    # --- what is shown

    def count_text(self) -> str:
        """Return how many, how many are decided, how many are marked."""
        if self._looked and self.focused is self.query_one("#variants"):
            return "⏎ takes this value, esc goes back"
        return super().count_text()

    def counted(self) -> str:
        """Return how many are shown, and how many are decided."""
        return f"{super().counted()}  {self.rows.decided:,} decided"

    def held(self) -> set[Need]:
        """Return what is at hand."""
        held = super().held()
        chosen = self._chosen()
        if chosen:
            held.add(Need.ROW)
        if any(not each.torn for each in chosen):
            held.add(Need.ELEMENT)
        if any(each.torn for each in chosen):
            held.add(Need.TORN)
        if any(self.rows.resolutions.of(each) is not None for each in chosen):
            held.add(Need.DECIDED)
        if self.rows.decisions:
            held.add(Need.ANY_DECIDED)
        return held

    def _chosen(self) -> list[Conflict]:
        """Return the marked conflicts, or the one under the cursor."""
        if not self.here:
            return []
        conflict = self.current
        return self.rows.of(self.view.marks) or ([conflict] if conflict is not None else [])

    @on(RowView.Moved, "#conflicts")
    @on(RowView.Marked, "#conflicts")
    def _moved(self) -> None:
        self._show_variants()
        self.tell()

    def on_descendant_focus(self) -> None:
        """Say what Enter does now."""
        variants = self.query_one("#variants", RowView)
        if self.focused is variants:
            self._tell_variant(RowView.Moved(variants, variants.cursor))
        else:
            self._tell_merge()
        self.tell()

    def _show_variants(self) -> None:
        conflict, view = self.current, self.query_one("#variants", RowView)
        if conflict is None:
            view.show(NoRows())
        else:
            settled = None if conflict.torn else self.rows.resolutions.settle(conflict, None)
            taken = settled.value if settled is not None else None
            view.show(VariantRows(conflict, taken, settled=settled is not None), cursor=0)
        self._tell_merge()

    @on(RowView.Moved, "#variants")
    def _tell_variant(self, event: RowView.Moved) -> None:
        """Show the whole of the value under the cursor, while one is being chosen."""
        conflict, rows = self.current, event.view.rows
        if (
            self.focused is event.view
            and conflict is not None
            and isinstance(rows, VariantRows)
            and len(rows)
        ):
            cell = shown(rows.variants[event.index].value, conflict.vr)
            text = cell[0] if isinstance(cell, tuple) else cell
            self.query_one("#merge", Detail).tell(conflict.element or "torn series", text)

    def _tell_merge(self) -> None:
        """Say what comes of the conflict under the cursor, and what all decisions cost."""
        conflict, foreseen = self.current, self.foreseen
        if conflict is None:
            self.query_one("#merge", Detail).tell("", "")
            return
        decision = self.rows.resolutions.of(conflict)
        signed = f"decided by {decision.by} on {decision.when}" if decision is not None else "not decided"
        lines = [expected_text(foreseen, conflict)] if foreseen is not None else []
        lines.append(cost_text(foreseen.cost) if foreseen is not None else self._cost_to_come())
        if (alike := self.rows.alike(conflict)) > 1:
            key = key_name(self.bench.keys["conflicts.alike"].partition(",")[0])
            lines.append(
                f"One of {alike:,} of its kind: what is decided here, {key} decides for all of them."
            )
        note = f"{conflict.element or 'torn series'}  {signed}"
        self.query_one("#merge", Detail).tell(where_of(conflict), "\n".join(lines), note)

    def _cost_to_come(self) -> str:
        return "All decisions: P makes the plan and tells its cost." if self.rows.decided else ""

    def _ask_cost(self) -> None:
        """Ask what the decisions come to, once no further one is made."""
        if self._rest is not None:
            self._rest.stop()
        self._foreseeing, self.foreseen = 0, None
        self._show_variants()
        if self.rows.decided <= _MOST_FORESEEN:
            self._rest = self.set_timer(_PAUSE, self._foresee)

    def _foresee(self) -> None:
        session, groups, decided = self.bench.session, self.rows.groups, self.rows.decisions
        if session is not None:
            self._foreseeing = self.bench.work.begin(
                "foresee the cost",
                self,
                lambda ticket: CostForeseen(ticket.request, foresee(session, groups, decided, ticket)),
                quiet=True,
            )

    def on_cost_foreseen(self, message: CostForeseen) -> None:
        """Show it."""
        if message.request == self._foreseeing:
            self.foreseen = message.foreseen
            self._tell_merge()

    def failed(self, message: Failed) -> None:
        """Say what failed; a cost that cannot be foreseen is told with the plan."""
        if message.request != self._foreseeing:
            super().failed(message)

    # --- deciding

    def opened(self) -> None:
        """Enter: merge a torn series, else go to the values, and there take one."""
        conflict = self.current
        self.perform("conflicts.merge" if conflict is not None and conflict.torn else "conflicts.choose")

    def do_choose(self) -> None:
        """Go to the values; there, take the one under the cursor."""
        view, conflict = self.query_one("#variants", RowView), self.current
        if conflict is None or conflict.torn:
            self.bench.say("Choose: a torn series is merged (M) or left (s).", severity="warning")
        elif self.focused is not view:
            self.set_focus(view)
        elif isinstance(view.rows, VariantRows) and 0 <= view.cursor < len(view.rows):
            variant = view.rows.variants[view.cursor]
            if isinstance(variant.value, Absent):
                self._decide(Word.ABSENT, [conflict])
            else:
                self._decide(Word.VALUE, [conflict], as_typed(variant.value))
            self.set_focus(self.query_one("#conflicts"))

    def do_majority(self) -> None:
        """Take the majority's value."""
        self._weigh(Word.MAJORITY)

    def do_newest(self) -> None:
        """Take the newest value."""
        self._weigh(Word.NEWEST)

    def _weigh(self, word: Word) -> None:
        """Take what weighs most, where something does: a tie is a person's to decide."""
        wanted = [each for each in self._chosen() if not each.torn]
        ties = {each.key: tie for each in wanted if (tie := tied(each, Choice(word)))}
        if ties:
            why = sorted(set(ties.values()))
            some = f"{len(ties):,} of {len(wanted):,} not decided: " if len(wanted) > 1 else ""
            self.bench.say(
                f"{some}{why[0] if len(why) == 1 else 'values weigh the same'}; choose with c, or type with e.",
                severity="warning",
            )
        clear = [each for each in wanted if each.key not in ties]
        if clear:
            self._decide(word, clear)

    def do_absent(self) -> None:
        """Remove the element."""
        self._decide(Word.ABSENT)

    def do_leave(self) -> None:
        """Leave conflicts as they are."""
        self._decide(Word.LEAVE)

    def do_merge(self) -> None:
        """Merge torn series."""
        self._decide(Word.MERGE)

    def do_type(self) -> None:
        """Ask for the value."""
        chosen = [each for each in self._chosen() if not each.torn]
        first = chosen[0]
        if any(each.element != first.element for each in chosen):
            self.bench.say("Type: mark conflicts of one element only.", severity="warning")
            return

        def named(value: str | None) -> None:
            if value is not None:
                self._decide(Word.VALUE, chosen, value)

        text = f"{first.element}, VR {first.vr}: one value for the image sets of {len(chosen):,} conflict"
        text += "s." if len(chosen) > 1 else "."
        self.app.push_screen(AskScreen("The right value", text, "Decide", right=right_value(first)), named)

    def do_alike(self) -> None:
        """Make the same decision for all conflicts of the element under the cursor."""
        conflict = self.current
        decision = self.rows.resolutions.of(conflict) if conflict is not None else None
        if conflict is None or decision is None:
            self.bench.say("All alike: decide the one under the cursor first.", severity="warning")
            return
        new = Resolution(
            str(conflict.scope), "", conflict.element, decision.choice, decision.value, why=decision.why
        )
        held = "wherever a set has that value; " if decision.choice is Word.VALUE else ""
        count = self.rows.alike(conflict)
        self._keep([new], [], f"Decided for all {count:,} alike: {held}decisions of their own stay.")

    def do_undecide(self) -> None:
        """Take decisions back."""
        found = (self.rows.resolutions.of(each) for each in self._chosen())
        self._keep([], [each.key for each in found if each is not None])

    def _decide(self, word: Word, chosen: Sequence[Conflict] = (), value: str = "") -> None:
        """Decide the marked conflicts that the word is for, or the one under the cursor."""
        wanted = [
            each
            for each in chosen or self._chosen()
            if word is Word.LEAVE or each.torn == (word is Word.MERGE)
        ]
        self._keep([Resolution(*each.key, word, value) for each in wanted], [])

    def _keep(self, new: Sequence[Resolution], withdrawn: Sequence[Key], said: str = "") -> None:
        session = self.bench.session
        if session is None:
            return
        if said:
            self.bench.say(said)
        self.bench.work.begin(
            "keep decisions",
            self,
            lambda ticket: ConflictsDecided(ticket.request, decide_conflicts(session, new, withdrawn)),
            turn="decisions about conflicts",
        )

    def on_conflicts_decided(self, message: ConflictsDecided) -> None:
        """Show the decisions, whose answers come in their order; the marks are done with."""
        self.rows.decide(message.decided)
        self.view.mark(list(self.view.marks), on=False)
        self.view.redraw()
        self._ask_cost()
        self.tell()

    # --- the plan, and looking closer

    def do_plan(self) -> None:
        """Make one plan of what is decided."""
        ids = self.ids
        self.plan("plan what is decided", lambda session, spec: plan_decided(session, spec, ids))

    def do_open(self) -> None:
        """Read the metadata of the first image set, or of the value under the cursor."""
        conflict, view = self.current, self.query_one("#variants", RowView)
        if conflict is None:
            return
        holder = conflict.holders[0]
        if self.focused is view and isinstance(view.rows, VariantRows):
            holder = view.rows.variants[view.cursor].holders[0]
        self.bench.show_metadata(holder.id, at=conflict.path)

    def do_diff(self) -> None:
        """Compare an image set of the heaviest value with one of the next."""
        conflict = self.current
        if conflict is None:
            return
        if conflict.torn:
            first, second = conflict.holders[:2]
        else:
            first, second = (each.holders[0] for each in conflict.variants()[:2])
        self.app.push_screen(DifferenceScreen((first.id, first.version), (second.id, second.version)))

    def do_back(self) -> None:
        """Leave the values, then the filter, then the screen."""
        if self.focused is self.query_one("#variants"):
            self.set_focus(self.query_one("#conflicts"))
        else:
            super().do_back()
