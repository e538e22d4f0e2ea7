"""Conflicts among image sets: the values side by side with their weights, one decision each, then one plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import BindingType
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Static

from curator.campaign.conflicts import Conflict
from curator.campaign.resolutions import Resolution, Word
from curator.findings import Absent
from curator.plan.typed import as_typed, typed
from curator.printable import plural
from curator.tui.actions import Need, bindings
from curator.tui.conflict_rows import CONFLICTS, VARIANTS, ConflictRows, VariantRows, shown, where_of
from curator.tui.conflicting import (
    Foreseen,
    calls_text,
    conflicts_of,
    decide_conflicts,
    foresee,
    plan_decided,
)
from curator.tui.messages import Planned, Written
from curator.tui.screens.asking import AskScreen
from curator.tui.screens.campaign import CampaignScreen
from curator.tui.screens.difference import DifferenceScreen
from curator.tui.screens.filtered import FilteredPlace
from curator.tui.widgets.detail import Detail
from curator.tui.widgets.filter_field import FilterField
from curator.tui.widgets.row_view import NoRows, RowView
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


class ConflictsScreen(FilteredPlace):
    """What image sets disagree about, and what people decide of it."""

    PLACE = "conflicts"
    LIST = "#conflicts"
    TITLE_TEXT = "Conflicts"
    EXPLAINED = (
        "What the image sets of a patient, a study or a torn series disagree about, once for the largest scope in which "
        "it must agree. Below stand the values with their weights: ⏎ goes there, ⏎ again takes one; m takes the "
        "majority's, n the newest, e types one, M merges a torn series, s leaves it, a decides all alike. Decisions "
        "belong to the project, with who and when; P makes one plan of them."
    )
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("conflicts"))

    def __init__(self, ids: Sequence[str] = ()) -> None:
        super().__init__()
        self.ids = tuple(ids)
        self.rows = ConflictRows()
        self.foreseen: Foreseen | None = None
        self._found = False
        self._request = 0
        self._deciding = 0
        self._foreseeing = 0
        self._planning = 0
        self._rest: Timer | None = None

    def body(self) -> Iterable[Widget]:
        """Yield the filter, the conflicts, the values of one, and what the decisions come to."""
        yield FilterField("filter: words")
        yield _Choices(CONFLICTS, self.rows, id="conflicts", markable=True)
        yield Static("", id="nothing", markup=False)
        yield _Choices(VARIANTS, id="variants")
        yield Detail(id="merge", lines=3)

    def on_mount(self) -> None:
        """Look for conflicts."""
        super().on_mount()
        self.query_one("#nothing").display = False
        self.do_refresh()

    def store_opened(self) -> None:
        """Look in the store opened anew."""
        self.do_refresh()

    def do_refresh(self) -> None:
        """Look for conflicts."""
        session, ids = self.bench.session, self.ids
        if session is not None:
            self._request = self.bench.work.begin(
                "look for conflicts",
                self,
                lambda ticket: ConflictsFound(ticket.request, *conflicts_of(session, ids, ticket)),
            )

    def written(self, message: Written) -> None:
        """Look again after a plan was applied or undone."""
        self.do_refresh()

    def on_conflicts_found(self, message: ConflictsFound) -> None:
        """Show them."""
        if message.request != self._request:
            return
        self._found = True
        self.rows = ConflictRows(message.groups, message.decided)
        self.rows.filter(self.filter_text)
        view, nothing = self.query_one("#conflicts", RowView), self.query_one("#nothing", Static)
        view.marks.clear()
        view.show(self.rows)
        view.display = bool(self.rows.total)
        self.query_one("#variants").display = bool(self.rows.total)
        nothing.display = not self.rows.total
        nothing.update(
            "The image sets that were read agree in what must agree." if not self.rows.total else ""
        )
        self._ask_cost()
        self.tell()

    # --- what is shown

    def count_text(self) -> str:
        """Return how many, how many are decided, how many are marked."""
        if not self._found:
            return ""
        if self.focused is self.query_one("#variants"):
            return "⏎ takes this value, esc goes back"
        shown, total = len(self.rows), self.rows.total
        text = f"{shown:,} of {total:,}" if shown != total else f"{total:,}"
        text += f"  {self.rows.decided:,} decided"
        marks = len(self.query_one("#conflicts", RowView).marks)
        text += f"  ● {marks:,} marked" if marks else ""
        return text + (f"  in {plural(len(self.ids), 'image set')}" if self.ids else "")

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

    def _conflict(self) -> Conflict | None:
        return self.rows.at(self.query_one("#conflicts", RowView).cursor) if self.here else None

    def _chosen(self) -> list[Conflict]:
        """Return the marked conflicts, or the one under the cursor."""
        if not self.here:
            return []
        marks = self.query_one("#conflicts", RowView).marks
        conflict = self._conflict()
        return self.rows.of(marks) if marks else [conflict] if conflict is not None else []

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
        conflict, view = self._conflict(), self.query_one("#variants", RowView)
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
        conflict, rows = self._conflict(), event.view.rows
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
        conflict, foreseen = self._conflict(), self.foreseen
        if conflict is None:
            self.query_one("#merge", Detail).tell("", "")
            return
        decision = self.rows.resolutions.of(conflict)
        signed = f"decided by {decision.by} on {decision.when}" if decision is not None else "not decided"
        lines = [self._expected(conflict), self._cost_text()] if foreseen is not None else [self._cost_text()]
        note = f"{conflict.element or 'torn series'}  {self.rows.alike(conflict):,} alike  {signed}"
        self.query_one("#merge", Detail).tell(where_of(conflict), "\n".join(lines), note)

    def _expected(self, conflict: Conflict) -> str:
        """Return what the decisions do to the image sets of a conflict."""
        assert self.foreseen is not None
        units = {
            unit.title: unit
            for each in conflict.holders
            if (unit := self.foreseen.units.get(each.id)) is not None
        }
        alone = [unit for unit in units.values() if unit.alone]
        told = [f"{unit.title}: {calls_text(unit.calls)}" for unit in units.values() if not unit.alone]
        if alone:
            count = plural(len(alone), "image set is", "image sets are")
            told.append(
                f"{count} updated in place: {calls_text(sum((Counter(unit.calls) for unit in alone), Counter[str]()))}"
            )
        if told:
            return "→ " + "; ".join(told)
        waits = (self.foreseen.waiting.get(each.id) for each in conflict.holders)
        why = next((each for each in waits if each), "")
        return f"→ waits: {why}" if why else "→ nothing is done to these image sets"

    def _cost_text(self) -> str:
        from curator.plan.cost import spelled

        if self.foreseen is None:
            return "All decisions: P makes the plan and tells its cost." if self.rows.decided else ""
        cost = self.foreseen.cost
        if not cost.units:
            return "All decisions: nothing to do."
        copied = f"; {cost.frame_bytes / 1e6:,.1f} MB copied" if cost.frame_bytes > 1e5 else ""
        return (
            f"All decisions: {plural(cost.changes, 'change')} to {plural(cost.image_sets, 'image set')}, {calls_text(cost.calls)}, "
            f"{spelled(cost.seconds())} at the service's rates{copied}"
        )

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
        conflict = self._conflict()
        self.perform("conflicts.merge" if conflict is not None and conflict.torn else "conflicts.choose")

    def do_choose(self) -> None:
        """Go to the values; there, take the one under the cursor."""
        view, conflict = self.query_one("#variants", RowView), self._conflict()
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
        self._decide(Word.MAJORITY)

    def do_newest(self) -> None:
        """Take the newest value."""
        self._decide(Word.NEWEST)

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
        self.app.push_screen(AskScreen("The right value", text, "Decide", right=_valid(first)), named)

    def do_alike(self) -> None:
        """Make the same decision for all conflicts of the element under the cursor."""
        conflict = self._conflict()
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
        self._deciding = self.bench.work.begin(
            "keep decisions",
            self,
            lambda ticket: ConflictsDecided(ticket.request, decide_conflicts(session, new, withdrawn)),
        )

    def on_conflicts_decided(self, message: ConflictsDecided) -> None:
        """Show the decisions; the marks are done with."""
        self.rows.decide(message.decided)
        view = self.query_one("#conflicts", RowView)
        view.mark(list(view.marks), on=False)
        view.redraw()
        self._ask_cost()
        self.tell()

    # --- the plan, and looking closer

    def do_plan(self) -> None:
        """Make one plan of what is decided."""
        session, spec, ids = self.bench.session, self.bench.store_spec, self.ids
        if session is not None:
            self._planning = self.bench.work.begin(
                "plan what is decided",
                self,
                lambda ticket: Planned(ticket.request, plan_decided(session, spec, ids)),
            )

    def on_planned(self, message: Planned) -> None:
        """Show the plan."""
        if message.request == self._planning:
            self.app.push_screen(CampaignScreen(message.campaign))

    def do_open(self) -> None:
        """Read the metadata of the first image set, or of the value under the cursor."""
        conflict, view = self._conflict(), self.query_one("#variants", RowView)
        if conflict is None:
            return
        holder = conflict.holders[0]
        if self.focused is view and isinstance(view.rows, VariantRows):
            holder = view.rows.variants[view.cursor].holders[0]
        self.bench.show_metadata(holder.id, at=conflict.path)

    def do_diff(self) -> None:
        """Compare an image set of the heaviest value with one of the next."""
        conflict = self._conflict()
        if conflict is None:
            return
        if conflict.torn:
            first, second = conflict.holders[:2]
        else:
            first, second = (each.holders[0] for each in conflict.variants()[:2])
        self.app.push_screen(DifferenceScreen((first.id, first.version), (second.id, second.version)))

    def filter_rows(self, text: str) -> None:
        """Show the conflicts that hold the words."""
        self.rows.filter(text)
        self.query_one("#conflicts", RowView).show(self.rows, cursor=0)

    def do_back(self) -> None:
        """Leave the values, then the filter, then the screen."""
        if self.focused is self.query_one("#variants"):
            self.set_focus(self.query_one("#conflicts"))
        else:
            super().do_back()


def _valid(conflict: Conflict) -> Callable[[str], bool]:
    """Return what tells whether a text is a value for the conflict's element."""
    from curator.dicom.vr import problem
    from curator.errors import UsageError

    def right(text: str) -> bool:
        assert conflict.path is not None
        try:
            value = typed(text, conflict.vr, conflict.path)
        except UsageError:
            return False
        return bool(text) and problem(conflict.vr, value) is None

    return right
