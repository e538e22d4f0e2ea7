"""Differences of two documents as lines under headings, one heading a level. No Textual in here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from curator.dicom import Json
from curator.imageset import ChangeKind, ElementChange, ElementPath, ImageSetMetadata, describe
from curator.tui.elements import name_of, people_path, role_of, value_text
from curator.tui.rows import Cell, Column

SIDE_BY_SIDE: Final = (
    Column("sign", "", 1),
    Column("name", "Element", 28, grow=2),
    Column("before", "Before", 20, grow=3),
    Column("after", "After", 20, grow=3),
)
STACKED: Final = (
    Column("sign", "", 1),
    Column("text", "Change", 40, grow=1),
)
_SIGNS: Final = {
    ChangeKind.ADDED: ("+", "added"),
    ChangeKind.REMOVED: ("-", "removed"),
    ChangeKind.CHANGED: ("~", "changed"),
    ChangeKind.RENAMED: ("→", "changed"),
}
_MOST_LINES: Final = 200_000


@dataclass(frozen=True, slots=True)
class DiffLine:
    """A heading (``change`` and ``same`` both None), a change, or an element that is the same in both."""

    path: ElementPath | None
    heading: bool = False
    change: ElementChange | None = None
    member: str = ""
    same: Json = field(default=None, repr=False)


def counts_text(before: ImageSetMetadata, after: ImageSetMetadata) -> str:
    """Return what differs in one line: kinds with counts, and the elements when they are few."""
    found = describe(before, after)
    if not found:
        return "nothing"
    kinds = Counter(change.kind for change in found)
    text = ", ".join(f"{kinds[kind]:,} {kind}" for kind in ChangeKind if kinds[kind])
    names = list(dict.fromkeys(_short(change) for change in found))
    shown = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
    return f"{text}: {shown}"


def _short(change: ElementChange) -> str:
    if change.member or change.path is None:
        return change.member.partition("/")[0] or "document"
    return change.path.top or ("series" if not change.path.instance else "instance")


def lines_of(
    before: ImageSetMetadata, after: ImageSetMetadata, changes: Sequence[ElementChange], *, everything: bool
) -> list[DiffLine]:
    """Return the lines: the changes under their levels, or among all elements."""
    return list(_everything(after, changes) if everything else _only(changes))


def _only(changes: Sequence[ElementChange]) -> Iterator[DiffLine]:
    level: ElementPath | None = None
    first = True
    for change in changes:
        here = change.path.at_level() if change.path is not None else None
        if first or here != level:
            yield DiffLine(here, heading=True)
        first, level = False, here
        yield DiffLine(change.path, change=change, member=change.member)


def _everything(after: ImageSetMetadata, changes: Sequence[ElementChange]) -> Iterator[DiffLine]:
    by_level: dict[ElementPath | None, list[ElementChange]] = {}
    for change in changes:
        by_level.setdefault(change.path.at_level() if change.path else None, []).append(change)
    count = 0
    for place in after.places():
        yield DiffLine(place, heading=True)
        own = by_level.pop(place, [])
        changed = {change.path: change for change in own if not change.member}
        tops = {change.path.top for change in own if change.path is not None}
        for key, value in (after.attributes(place) or {}).items():
            path = place.child(key)
            count += 1
            if path in changed:
                yield DiffLine(path, change=changed.pop(path))
            elif key in tops:
                for below in [known for known in changed if known and known.top == key]:
                    yield DiffLine(below, change=changed.pop(below))
            else:
                yield DiffLine(path, same=value)
        yield from (DiffLine(path, change=change) for path, change in changed.items())
        yield from (
            DiffLine(change.path, change=change, member=change.member) for change in own if change.member
        )
        if count > _MOST_LINES:
            return
    for level, own in by_level.items():
        yield DiffLine(level, heading=True)
        yield from (DiffLine(change.path, change=change, member=change.member) for change in own)


class DiffRows:
    """`Rows` over the lines, side by side or one below the other."""

    def __init__(
        self,
        before: ImageSetMetadata,
        after: ImageSetMetadata,
        lines: Sequence[DiffLine] = (),
        *,
        stacked: bool = False,
    ) -> None:
        self.before = before
        self.after = after
        self._stacked = stacked
        self._rows: list[tuple[DiffLine, int]] = []
        for line in lines:
            parts = _parts(line) if stacked else (0,)
            self._rows.extend((line, part) for part in parts)

    def __len__(self) -> int:
        return len(self._rows)

    def key(self, index: int) -> str:
        """Return the row's number: elements that came and went may share a path."""
        return str(index)

    def line(self, index: int) -> DiffLine | None:
        """Return the line at ``index``."""
        return self._rows[index][0] if 0 <= index < len(self._rows) else None

    def changes(self) -> list[int]:
        """Return where the changes are."""
        return [
            index for index, (line, part) in enumerate(self._rows) if line.change is not None and part == 0
        ]

    def text(self, line: DiffLine, *, after: bool) -> str:
        """Return the value before or after."""
        if line.heading or (line.path is None and line.change is None):
            return ""
        if line.change is None:
            return value_text(line.same, self._vr(line.path, self.after))
        value = line.change.after if after else line.change.before
        absent = ChangeKind.REMOVED if after else ChangeKind.ADDED
        if line.change.kind is absent:
            return ""
        document = self.after if after else self.before
        return value_text(value, "" if line.member else self._vr(line.path, document))

    def _vr(self, path: ElementPath | None, document: ImageSetMetadata) -> str:
        return (
            document.vr_of(path)
            if path is not None and path.steps and isinstance(path.steps[-1], str)
            else ""
        )

    def name(self, line: DiffLine) -> str:
        """Return what the line is called below its heading."""
        if line.member:
            return line.member
        path = line.path
        if path is None:
            return "document"
        if not path.steps:
            if line.heading:
                return self._place(path)
            return "the whole instance" if path.instance else "the whole series"
        if len(path.steps) == 1:
            beside = self.after.attributes(path) or self.before.attributes(path) or {}
            return name_of(path.key, beside)
        return str(ElementPath(path.level, steps=path.steps)).partition("/")[2]

    def _place(self, path: ElementPath) -> str:
        document = self.after if self.after.attributes(path) is not None else self.before
        if not path.series:
            return str(path.level)
        return document.anonymous(path).capitalize()

    def full_path(self, line: DiffLine) -> str:
        """Return the line's whole path."""
        if line.path is None:
            return line.member or "document"
        document = self.after if self.after.attributes(line.path) is not None else self.before
        text = people_path(line.path, document)
        return f"{text}/{line.member}" if line.member else text

    def cells(self, index: int, columns: Sequence[Column]) -> Sequence[Cell]:
        """Return the cells of the row at ``index``."""
        line, part = self._rows[index]
        if line.heading:
            return ("", (self.name(line), "title"), *([""] * (len(columns) - 2)))
        sign, role = _SIGNS[line.change.kind] if line.change else ("", "dim")
        if self._stacked:
            return self._stacked_cells(line, part, sign, role)
        before, after = self.text(line, after=False), self.text(line, after=True)
        if line.change is None:
            shade = role_of(line.same) or "dim"
            return "", ("  " + self.name(line), "dim"), (before, shade), (after, shade)
        return (sign, role), ("  " + self.name(line), ""), (before, "removed"), (after, "added")

    def _stacked_cells(self, line: DiffLine, part: int, sign: str, role: str) -> Sequence[Cell]:
        if line.change is None:
            return "", (f"  {self.name(line)}  {self.text(line, after=True)}", "dim")
        if part == 0:
            return (sign, role), "  " + self.name(line)
        if part == 1:
            return ("", ""), ("    - " + self.text(line, after=False), "removed")
        return ("", ""), ("    + " + self.text(line, after=True), "added")


def _parts(line: DiffLine) -> tuple[int, ...]:
    if line.change is None:
        return (0,)
    if line.change.kind is ChangeKind.ADDED:
        return (0, 2)
    return (0, 1) if line.change.kind is ChangeKind.REMOVED else (0, 1, 2)
