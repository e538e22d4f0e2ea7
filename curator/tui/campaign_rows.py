"""A campaign's units and exclusions as rows, and the columns of every view of a plan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from curator.printable import plural
from curator.tui.rows import Cell, Column

if TYPE_CHECKING:
    from curator.plan.excluding import Excluded
    from curator.tui.walk import Alone, Told

BY_SET: Final = "by image set"
BY_RULE: Final = "by rule"
BY_ELEMENT: Final = "by element"
EXCLUDED: Final = "excluded"
LEFT_ALONE: Final = "left alone"

UNITS: Final = (
    Column("status", "Status", 9),
    Column("kind", "Does", 8),
    Column("title", "What", 24, grow=3),
    Column("sets", "Sets", 4, right=True),
    Column("changes", "Changes", 7, right=True),
    Column("calls", "Calls", 5, right=True),
    Column("note", "Note", 10, grow=2),
)
RULE: Final = Column("rule", "Rule", 20, grow=3)
ELEMENT: Final = Column("element", "Element", 24, grow=3)
COUNTS: Final = (Column("changes", "Changes", 8, right=True), Column("sets", "Sets", 6, right=True))
WHY: Final = Column("why", "Why", 14, grow=3)
COLUMNS: Final = {
    BY_SET: UNITS,
    BY_RULE: (RULE, *COUNTS, WHY),
    BY_ELEMENT: (ELEMENT, *COUNTS),
    LEFT_ALONE: (
        Column("set", "Image set", 12),
        Column("patient", "Patient ID", 14, grow=1),
        Column("modality", "Mod", 4),
        Column("why", "Why it is left alone", 24, grow=4),
    ),
    EXCLUDED: (
        Column("what", "Taken out", 30, grow=3),
        Column("changes", "Changes", 8, right=True),
        Column("by", "By", 10, grow=1),
        Column("at", "When (UTC)", 16),
    ),
}
CHANGES: Final = (
    Column("set", "Set", 8),
    Column("name", "Element", 18, grow=2),
    Column("before", "Before", 12, grow=2),
    Column("after", "After", 12, grow=2),
    Column("why", "Why", 16, grow=3),
)
SETTLED: Final = frozenset(("done", "undone", "finished", "rebuilt"))
UNDOABLE: Final = frozenset(("done", "failed", "moved", "begun", "open", "finished"))
_ROLES: Final = {
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


class UnitRows:
    """`Rows` over the units; where one stands may be told anew while a plan is applied."""

    def __init__(self, told: Sequence[Told] = ()) -> None:
        self.told = told
        self._now: dict[int, tuple[str, str]] = {}

    def __len__(self) -> int:
        return len(self.told)

    def heard(self, now: dict[int, tuple[str, str]]) -> None:
        """Take in where units stand by now (status, reason), by number."""
        self._now |= now

    def status(self, index: int) -> str:
        """Return where a unit stands."""
        told = self.told[index]
        return self._now.get(told.unit.number, (str(told.state.status), ""))[0]

    @property
    def under_way(self) -> int:
        """How many units were begun by the apply that is heard of, and are not ended yet."""
        return sum(status == "begun" for status, _ in self._now.values())

    def key(self, index: int) -> str:
        """Return the unit's number."""
        return str(self.told[index].unit.number)

    def _stands(self, index: int) -> tuple[str, str]:
        """Return where a unit stands, and what is to be noted of it."""
        unit, state = self.told[index].unit, self.told[index].state
        status, reason = self._now.get(unit.number, (str(state.status), state.reason))
        left_out = sum(each.count for each in unit.left_out)
        if state.verified and not reason and status == "done":
            return status, "verified" if state.verified == "holds" else "NOT as planned"
        return status, reason or ("; ".join(unit.losses)) or (f"{left_out:,} left out" if left_out else "")

    def verified(self, index: int) -> bool:
        """Say whether a unit was read back, and is as planned."""
        return self._stands(index) == ("done", "verified")

    def whole(self, index: int) -> tuple[str, str]:
        """Return what a unit does, and what is noted of it."""
        status, note = self._stands(index)
        return f"{status}: {self.told[index].unit.title}", note

    def cells(self, index: int, columns: Sequence[Column]) -> Sequence[Cell]:
        """Return the cells of a unit."""
        unit, state = self.told[index].unit, self.told[index].state
        status, note = self._stands(index)
        return (
            (status, _ROLES.get(status, "")),
            (str(unit.kind), "accent"),
            unit.title,
            str(len(unit.members)),
            str(unit.changes),
            str(self.told[index].calls),
            (note, "bad" if state.verified == "fails" or status == "failed" else "dim"),
        )


class AloneRows:
    """`Rows` over the image sets that a plan leaves alone."""

    def __init__(self, found: Sequence[Alone] = ()) -> None:
        self.found = found

    def __len__(self) -> int:
        return len(self.found)

    def key(self, index: int) -> str:
        """Return the row's number: an image set may be left alone for several reasons."""
        return str(index)

    def whole(self, index: int) -> tuple[str, str]:
        """Return which image set it is, and why it is left alone."""
        one = self.found[index]
        return f"left alone: {one.image_set}", one.why

    def cells(self, index: int, columns: Sequence[Column]) -> Sequence[Cell]:
        """Return the cells of an image set."""
        one = self.found[index]
        return (one.image_set, "dim"), (one.patient, "title"), (one.modality, "accent"), (one.why, "warn")


class ExcludedRows:
    """`Rows` over what was taken out of the plan."""

    def __init__(self, found: Sequence[Excluded] = ()) -> None:
        self.found = found

    def __len__(self) -> int:
        return len(self.found)

    def key(self, index: int) -> str:
        """Return the exclusion's number."""
        return str(index)

    def whole(self, index: int) -> tuple[str, str]:
        """Return what was taken out, by whom and when."""
        one = self.found[index]
        return str(one.what), f"{plural(one.changes, 'change')}, taken out by {one.by} on {one.at}"

    def cells(self, index: int, columns: Sequence[Column]) -> Sequence[Cell]:
        """Return the cells of an exclusion."""
        one = self.found[index]
        return (str(one.what), "title"), f"{one.changes:,}", one.by, (one.at[:16].replace("T", " "), "dim")
