"""Conflicts and their values as rows. No Textual widgets in here."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from curator.campaign.conflicts import Conflict, Group, Holder, Variant
from curator.campaign.resolutions import Resolution, Resolutions, Word, share
from curator.checks.view import Scope
from curator.dicom import Json
from curator.findings import Absent
from curator.imageset.equality import canonical
from curator.plan.merging import Choice
from curator.plan.typed import as_typed
from curator.tui.elements import name_of, value_text
from curator.tui.image_set_columns import moment_text
from curator.tui.rows import Cell, Column
from curator.tui.word_rows import WordRows

CONFLICTS: Final = (
    Column("where", "Image sets of one", 21, grow=1),
    Column("element", "Element", 15, grow=2),
    Column("values", "Values", 6, right=True),
    Column("sets", "Sets", 4, right=True),
    Column("takes", "All would have", 17, grow=3),
    Column("decided", "Decided", 8, grow=1),
)
VARIANTS: Final = (
    Column("taken", "", 1),
    Column("value", "Value", 14, grow=4),
    Column("share", "Weight", 9),
    Column("instances", "Inst.", 5, right=True),
    Column("sets", "Sets", 4, right=True),
    Column("newest", "Newest", 18),
    Column("holders", "Image sets and versions", 14, grow=2),
)
_BAR: Final = 5  # cells
_NAMED: Final = 3  # image sets named of one value
_TAIL: Final = 14  # characters of a UID that are shown


def shown(value: Json | Absent, vr: str) -> Cell:
    """Return a value as a cell; what is no value is dimmed."""
    if isinstance(value, Absent):
        return "(absent)", "dim"
    # Sequences of as many items look alike otherwise.
    text = as_typed(value) if vr == "SQ" and value else value_text(value, vr)
    return (text, "dim") if value in (None, "", []) else text


def where_of(conflict: Conflict) -> str:
    """Return in which patient, study or series the conflict is."""
    name = conflict.group
    if conflict.scope is not Scope.PATIENT and len(name) > _TAIL:
        name = f"…{name[-_TAIL:]}"
    return f"{conflict.scope} {name}"


class ConflictRows(WordRows[Conflict]):
    """`Rows` over conflicts, and what is decided of them."""

    def __init__(self, groups: Sequence[Group] = (), decided: Iterable[Resolution] = ()) -> None:
        super().__init__(each for group in groups for each in group.conflicts)
        self.groups = groups
        self._alike = Counter((each.scope, each.element) for each in self.all)
        self.decide(decided)

    def decide(self, decided: Iterable[Resolution]) -> None:
        """Take other decisions."""
        self.decisions = list(decided)
        self.resolutions = Resolutions(self.decisions)
        self.decided = (
            sum(self.resolutions.of(each) is not None for each in self.all) if self.decisions else 0
        )

    def alike(self, conflict: Conflict) -> int:
        """Return how many conflicts there are of the same kind and element."""
        return self._alike[conflict.scope, conflict.element]

    def haystack(self, conflict: Conflict, /) -> str:
        """Return where it is, its element and values, and its image sets."""
        values = " ".join(
            value_text(each, conflict.vr) for each in conflict.values if not isinstance(each, Absent)
        )
        sets = " ".join(each.id for each in conflict.holders)
        return f"{conflict.scope} {conflict.group} {conflict.element or 'torn series'} {values} {sets}"

    def cells_of(self, conflict: Conflict, /) -> Sequence[Cell]:
        """Return the cells of a conflict."""
        decision = self.resolutions.of(conflict)
        sets = f"{len(conflict.holders):,}"
        if conflict.path is None:
            merges = self.resolutions.merges(conflict, None)
            takes: Cell = ("one image set", "title") if merges else ("they stay apart", "dim")
            return (where_of(conflict), "accent"), ("(torn series)", "warn"), "", sets, takes, _told(decision)
        return (
            (where_of(conflict), "accent"),
            name_of(conflict.path.key, {}),
            str(len(conflict.variants())),
            sets,
            self._takes(conflict, decision),
            _told(decision),
        )

    def _takes(self, conflict: Conflict, decision: Resolution | None) -> Cell:
        how = None if decision is not None else Choice.MAJORITY
        settled = self.resolutions.settle(conflict, how)
        if settled is None and (tie := self.resolutions.tie(conflict, how)):
            return tie, "warn"
        if settled is None:
            return ("as they are", "dim") if decision is not None else ("say which is right", "warn")
        cell = shown(settled.value, conflict.vr)
        text = cell[0] if isinstance(cell, tuple) else cell
        return (text, "changed") if decision is not None else (f"{text}?", "dim")


def _told(decision: Resolution | None) -> Cell:
    if decision is None:
        return "", "dim"
    word = (
        "chosen"
        if decision.choice is Word.VALUE
        else "remove"
        if decision.choice is Word.ABSENT
        else decision.choice
    )
    role = "dim" if decision.choice is Word.LEAVE else "good"
    return f"{word}{'' if decision.group else ', all alike'}", role


class VariantRows:
    """`Rows` over the values of one conflict, the heaviest first; of a torn series over its image sets."""

    def __init__(
        self, conflict: Conflict | None, taken: Json | Absent = None, *, settled: bool = False
    ) -> None:
        self.conflict = conflict
        self.variants: tuple[Variant, ...] = ()
        self._moments: list[str] = []
        self._taken = _name(taken) if settled else None
        if conflict is None:
            return
        if conflict.torn:
            self.variants = tuple(Variant(None, (each,)) for each in conflict.holders)
        else:
            self.variants = conflict.variants()
        self._moments = moments([each.newest for each in self.variants])

    def __len__(self) -> int:
        return len(self.variants)

    def key(self, index: int) -> str:
        """Return the value's number."""
        return str(index)

    def cells(self, index: int, columns: Sequence[Column]) -> Sequence[Cell]:
        """Return the cells of one value."""
        one, conflict = self.variants[index], self.conflict
        assert conflict is not None
        total = sum(each.instances for each in self.variants) or 1
        bar = "█" * max(1, round(_BAR * one.instances / total))
        value = _judged(one.value, conflict.vr)
        if conflict.torn:
            value = ("merged into", "title") if index == 0 else ("merged from", "")
        return (
            ("✓", "good") if _name(one.value) == self._taken and not conflict.torn else "",
            value,
            (f"{share(one.instances, total):>4} {bar}", "accent"),
            f"{one.instances:,}",
            f"{len(one.holders):,}",
            (self._moments[index], "dim"),
            (_holders(one.holders), "dim"),
        )


def _judged(value: Json | Absent, vr: str) -> Cell:
    """Return a value as a cell, with what its VR says against it: plans leave such values out."""
    from curator.dicom.vr import problem

    cell = shown(value, vr)
    wrong = problem(vr, value) if isinstance(cell, str) and not isinstance(value, Absent) else None
    return (f"{cell}  not valid for {vr}", "warn") if wrong else cell


def moments(times: Sequence[float]) -> list[str]:
    """Return epoch seconds as local time, as finely as tells apart what differs: what is newest is seen."""
    for finer in (moment_text, _second, _millisecond):
        told = [finer(each) for each in times]
        if len(set(told)) == len(set(times)):
            break
    return told


def _second(seconds: float) -> str:
    return time.strftime("%m-%d %H:%M:%S", time.localtime(seconds))


def _millisecond(seconds: float) -> str:
    return f"{_second(seconds)}.{int(seconds * 1000) % 1000:03}"


def _name(value: Json | Absent) -> bytes:
    return b"" if isinstance(value, Absent) else canonical(value)


def _holders(holders: Sequence[Holder]) -> str:
    named = ", ".join(f"{each.id[:8]} v{each.version}" for each in holders[:_NAMED])
    return named + (f" +{len(holders) - _NAMED:,}" if len(holders) > _NAMED else "")
