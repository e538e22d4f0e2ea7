"""A plan's changes as rows: those of one unit or group, the groups themselves, and why a change is made. No Textual in here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from curator.dicom import Json
from curator.findings import Absent, Change
from curator.plan.grouping import Group
from curator.printable import plural
from curator.tui.elements import name_of, value_text

if TYPE_CHECKING:
    from curator.plan.units import Unit
    from curator.tui.rows import Cell, Column

MOST: Final = 2000  # changes shown of one unit


@dataclass(frozen=True, slots=True)
class Line:
    """One line below the units or groups: a change, or (``change`` None) what is left out, emptied, or not shown."""

    image_set: str
    change: Change | None = field(default=None, repr=False)
    name: str = ""
    note: str = ""
    unit: int = -1


def lines_of(unit: Unit) -> list[Line]:
    """Return the changes of a unit; what it leaves out and what it empties stand at the end."""
    lines: list[Line] = []
    hidden = 0
    for patch in unit.patches:
        for change in patch.changes():
            if len(lines) < MOST:
                lines.append(Line(patch.set, change, unit=unit.number))
            else:
                hidden += 1
    lines += _hidden(hidden)
    lines += [
        Line("", None, left.element or "(change)", f"left out: {left.count:,} × {left.reason}")
        for left in unit.left_out
    ]
    lines += [
        Line(name, None, "(emptied)", "all its instances are elsewhere then; finish deletes it")
        for name in unit.emptied
    ]
    return lines


def samples_of(group: Group) -> list[Line]:
    """Return some changes of a group, those with different values first, and how many more there are."""
    different = group.distinct(len(group.samples))
    shown = [*different, *(each for each in group.samples if not any(each is one for one in different))]
    lines = [Line(each.image_set, each.change, unit=each.unit) for each in shown]
    return lines + _hidden(group.changes - len(shown))


def _hidden(count: int) -> list[Line]:
    return [Line("", None, f"… and {count:,} more", "all are in the plan")] if count else []


@runtime_checkable
class Whole(Protocol):
    """Rows that tell a row's texts whole, for what columns cut off."""

    def whole(self, index: int) -> tuple[str, str]:
        """Return what the row is of, and its texts."""
        ...


class ChangeRows:
    """`Rows` over lines."""

    def __init__(self, lines: Sequence[Line] = ()) -> None:
        self.lines = lines

    def __len__(self) -> int:
        return len(self.lines)

    def key(self, index: int) -> str:
        """Return the line's number."""
        return str(index)

    def cells(self, index: int, columns: Sequence[Column]) -> Sequence[Cell]:
        """Return the cells of a line."""
        line = self.lines[index]
        change = line.change
        if change is None:
            return (line.image_set[:8], "dim"), (line.name, "warn"), "", "", (line.note, "warn")
        return (
            (line.image_set[:8], "dim"),
            element_name(change),
            (_text(change.before, change.vr, "(absent)"), "removed"),
            (_text(change.after, change.vr, "(removed)"), "added"),
            (_beside(element_name(change), change.why.text), "dim"),
        )

    def whole(self, index: int) -> tuple[str, str]:
        """Return the change's element, and why and how it is changed."""
        line = self.lines[index]
        change = line.change
        if change is None:
            return " ".join(filter(None, (line.image_set, line.name))), line.note
        rule = "" if change.why.text.startswith(change.why.rule) else f"{change.why.rule}: "
        before, after = (
            _text(change.before, change.vr, "(absent)"),
            _text(change.after, change.vr, "(removed)"),
        )
        return f"{element_name(change)}  in {line.image_set}", f"{rule}{change.why.text}\n{before} → {after}"


class GroupRows:
    """`Rows` over groups: rule, element, how many changes in how many image sets, and why."""

    def __init__(self, groups: Iterable[Group] = ()) -> None:
        self.groups = list(groups)

    def __len__(self) -> int:
        return len(self.groups)

    def key(self, index: int) -> str:
        """Return the group's rule, element and what decided, which are no values."""
        group = self.groups[index]
        return f"{group.rule}\n{group.element}\n{group.decided}"

    def cells(self, index: int, columns: Sequence[Column]) -> Sequence[Cell]:
        """Return the cells of a group that the columns ask for."""
        group = self.groups[index]
        first = index == 0 or self.groups[index - 1].rule != group.rule
        cells: dict[str, Cell] = {
            "rule": (group.decided or group.rule, "accent" if first or group.decided else "dim"),
            "element": (group.element, "title"),
            "changes": f"{group.changes:,}",
            "sets": f"{group.image_sets:,}",
            "why": (self._why(group), "dim"),
        }
        return [cells[column.key] for column in columns]

    def whole(self, index: int) -> tuple[str, str]:
        """Return the group's rule and element, and why its changes are made."""
        group = self.groups[index]
        decided = f"{group.rule}: {group.decided}" if group.decided else group.rule
        return "  ".join(filter(None, (decided, group.element))), self._why(group)

    def _why(self, group: Group) -> str:
        """Return why the changes are made; a profile has a reason for every element."""
        if group.decided:
            return few(group.elements)
        reasons = {each.change.why.text for each in group.samples}
        return group.why.text if len(reasons) < 2 else "a reason for each element: see its changes below"


def few(elements: Collection[str], most: int = 6) -> str:
    """Return how many elements there are (generic paths), and what some of them are called."""
    keys = {path.rpartition("/")[2] for path in elements}
    names = sorted(keys, key=lambda key: (key[:1].isdigit(), key))  # tags without a keyword last
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return f"{plural(len(names), 'element')}: {', '.join(names[:most])}{more}"


def element_name(change: Change) -> str:
    """Return what a change's element is called: its keyword, or its path without indices inside a sequence."""
    if not change.path.steps:
        return "(the whole instance)" if change.path.instance else "(the whole series)"
    return name_of(change.path.key, {}) if len(change.path.steps) == 1 else str(change.path.generic())


def _beside(name: str, why: str) -> str:
    """Return a reason without the element that it begins with, where that stands beside it."""
    head, _, rest = why.partition("): ")
    return rest if rest and head.startswith(f"{name} (") else why


def _text(value: Json | Absent, vr: str, absent: str) -> str:
    return absent if isinstance(value, Absent) else value_text(value, vr)


def explained(image_set: str, change: Change) -> list[tuple[str, Cell]]:
    """Return why a change is made, in the words of `curator explain`: the rule, and what in it decided."""
    return [
        ("Image set", image_set),
        ("Element", (str(change.path), "title")),
        ("Before", (_text(change.before, change.vr, "no such element"), "removed")),
        ("After", (_text(change.after, change.vr, "no such element"), "added")),
        ("", ""),
        (change.why.rule, change.why.text),
        *change.why.detail,
        ("safety", str(change.safety)),
    ]
