"""An image set's metadata as a tree of lines, each level opened only when somebody looks. No Textual in here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from curator.dicom import Json
from curator.dicom.dictionary import tag_of_key
from curator.dicom.levels import Level
from curator.findings import Absent, Change
from curator.imageset import ElementPath, ImageSetMetadata, Instance, SeriesNode
from curator.tui.elements import items_of, multiplicity, name_of, role_of, tag_text, value_text
from curator.tui.rows import Cell, Column

COLUMNS: Final = (
    Column("name", "Element", 26, grow=3),
    Column("tag", "Tag", 11),
    Column("vr", "VR", 2),
    Column("vm", "VM", 3, right=True),
    Column("value", "Value", 20, grow=5),
)


_BEFORE: Final = 12  # characters of an edited value's old text: the new one is what matters
_SAME: Final = 12  # characters with which old and new may both begin; of more, only the end is shown


class Line:
    """One line. ``path`` is what it stands for (None for what is no element: frames and their parts)."""

    __slots__ = ("cells", "children", "depth", "key", "load", "open", "path", "value")

    def __init__(
        self,
        key: str,
        depth: int,
        path: ElementPath | None,
        value: Json,
        cells: Callable[[], Sequence[Cell]],
        load: Callable[[], list[Line]] | None = None,
    ) -> None:
        self.key = key
        self.depth = depth
        self.path = path
        self.value = value
        self.cells = cells
        self.load = load
        self.open = False
        self.children: list[Line] | None = None

    @property
    def is_element(self) -> bool:
        """Tell whether the line is a DICOM element, not a level, an item or a frame."""
        return self.path is not None and bool(self.path.steps) and isinstance(self.path.steps[-1], str)

    def below(self) -> list[Line]:
        """Return the lines one level down, made on the first look."""
        if self.children is None:
            self.children = self.load() if self.load else []
        return self.children

    def shown(self) -> Iterator[Line]:
        """Yield the lines below that are to be seen, as far as they are open."""
        if self.open:
            for line in self.below():
                yield line
                yield from line.shown()


Edits: TypeAlias = Mapping[ElementPath, Change]
"""Pending edits of the document, by path."""


class Outline:
    """`Rows` over the open part of a document's tree, pending ``edits`` shown in it."""

    def __init__(
        self, document: ImageSetMetadata, edits: Edits | None = None, *, like: Outline | None = None
    ) -> None:
        """``like``: an outline whose open lines are to be open here, too."""
        self.document = document
        self.edits: Edits = edits or {}
        tree = _Tree(document, self.edits)
        self._roots = list(tree.levels())
        for line in self._roots:
            line.open = True
        series = [line for line in self._roots[1].below() if line.load and line.path and line.path.series]
        if len(series) == 1:
            series[0].open = True
        if like is not None:
            self._open_like({line.key for line in like._all_open()})
        self._lines: list[Line] = []
        self._lay()

    def _all_open(self) -> Iterator[Line]:
        """Yield every open line, also below closed ones."""
        pending = list(self._roots)
        while pending:
            line = pending.pop()
            if line.open:
                yield line
            pending.extend(line.children or ())

    def _open_like(self, keys: set[str]) -> None:
        pending = list(self._roots)
        while pending:
            line = pending.pop()
            line.open = line.key in keys
            if line.open:
                pending.extend(line.below())

    def _lay(self) -> None:
        self._lines = [line for root in self._roots for line in (root, *root.shown())]

    def __len__(self) -> int:
        return len(self._lines)

    def key(self, index: int) -> str:
        """Return the line's key: a pointer into the document."""
        return self._lines[index].key

    def cells(self, index: int, columns: Sequence[Column]) -> Sequence[Cell]:
        """Return the cells of a line, its name indented and with the sign of what can be opened."""
        line = self._lines[index]
        name, *rest = line.cells()
        text, role = name if isinstance(name, tuple) else (name, "")
        sign = ("▾ " if line.open else "▸ ") if line.load else "  "
        return (("  " * line.depth + sign + text, role), *rest)

    def at(self, index: int) -> Line | None:
        """Return the line at ``index``."""
        return self._lines[index] if 0 <= index < len(self._lines) else None

    def open(self, index: int) -> None:
        """Open the line at ``index``."""
        line = self._lines[index]
        if line.load and not line.open:
            line.open = True
            self._lines[index + 1 : index + 1] = line.shown()

    def close(self, index: int) -> None:
        """Close the line at ``index``."""
        line = self._lines[index]
        if line.open:
            count = sum(1 for _ in line.shown())
            line.open = False
            del self._lines[index + 1 : index + 1 + count]

    def toggle(self, index: int) -> None:
        """Open what is closed, close what is open."""
        (self.close if self._lines[index].open else self.open)(index)

    def open_all(self, index: int, limit: int = 5000) -> bool:
        """Open everything below ``index``; False when ``limit`` lines were not enough."""
        pending, count = [self._lines[index]], 0
        while pending and count < limit:
            line = pending.pop()
            if line.load:
                line.open = True
                pending.extend(reversed(line.below()))
            count += 1
        self._lay()
        return not pending

    def close_all(self, index: int) -> None:
        """Close everything below ``index``, and it."""
        pending = [self._lines[index]]
        while pending:
            line = pending.pop()
            line.open = False
            pending.extend(line.children or ())
        self._lay()

    def parent(self, index: int) -> int:
        """Return the index of the line that this one is below of; the line's own at the top."""
        depth = self._lines[index].depth
        return next((i for i in range(index, -1, -1) if self._lines[i].depth < depth), index)

    def reveal(self, path: ElementPath) -> int:
        """Open every line on the way to ``path`` and return its index, or ``-1`` when there is no such line."""
        lines, found = self._roots, None
        while True:
            line = next((line for line in lines if _leads(line.path, path)), None)
            if line is None:
                break
            found = line
            if line.path == path and line.key == path.pointer():
                break
            line.open = True
            lines = line.below()
        self._lay()
        if found is None or found.path != path:
            return -1
        return self._lines.index(found)


def _leads(here: ElementPath | None, to: ElementPath) -> bool:
    """Tell whether ``to`` is at or below ``here``."""
    if here is None:
        return False
    if here.steps:
        return here.at_level() == to.at_level() and to.steps[: len(here.steps)] == here.steps
    if here.level is Level.STUDY:
        return to.level is not Level.PATIENT
    if here.level is Level.SERIES:
        return to.series == here.series
    return here.level is to.level and here.instance == to.instance


def _heading(name: str, value: str) -> Callable[[], Sequence[Cell]]:
    return lambda: ((name, "title"), "", "", "", (value, "dim"))


def _members(path: ElementPath, instance: Instance) -> Iterator[Line]:
    """Yield what an instance holds beside its elements: its frames, its transfer syntax, and what else there is."""
    for key, value in instance.node.items():
        if key not in ("DICOM", "DICOMVRs"):
            yield _member(f"{path.base_pointer()}/{key}", key, value, 3)


def _member(pointer: str, name: str, value: Json, depth: int) -> Line:
    children: list[tuple[str, Json]] = []
    if isinstance(value, dict):
        children = list(value.items())
    elif items_of(value) is not None and isinstance(value, list):
        children = [
            (f"{name[:-1] if name.endswith('s') else name} {n}", item) for n, item in enumerate(value, 1)
        ]

    def load() -> list[Line]:
        return [_member(f"{pointer}/{n}", key, child, depth + 1) for n, (key, child) in enumerate(children)]

    def cells() -> Sequence[Cell]:
        return ((name, "dim"), "", "", "", (value_text(value), role_of(value) or "dim"))

    return Line(pointer, depth, None, value, cells, load if children else None)


def _by_tag(key: str) -> tuple[int, str]:
    tag = tag_of_key(key)
    return (1 << 32, key) if tag is None else (tag, key)


class _Tree:
    """Makes the lines of a document's levels, elements and items, with the pending edits among them."""

    def __init__(self, document: ImageSetMetadata, edits: Edits) -> None:
        self._document = document
        self._edits = edits
        self._added: dict[ElementPath, list[Change]] = {}  # by the level or item they are added to
        for path, change in edits.items():
            if isinstance(change.before, Absent):
                self._added.setdefault(_around(path), []).append(change)

    def levels(self) -> Iterator[Line]:
        """Yield the two lines on top."""
        document = self._document
        for level, attributes in ((Level.PATIENT, document.patient), (Level.STUDY, document.study)):
            path = ElementPath(level)

            def load(path: ElementPath = path, attributes: Mapping[str, Json] = attributes) -> list[Line]:
                lines = self._elements(path, attributes, 1)
                return lines if path.level is Level.PATIENT else [*lines, *self._series()]

            yield Line(path.base_pointer(), 0, path, None, _heading(str(level), ""), load)

    def _series(self) -> Iterator[Line]:
        count = len(self._document.series)
        for number, (uid, series) in enumerate(self._document.series.items(), 1):
            path = ElementPath(Level.SERIES, uid)
            name = "Series" if count == 1 else f"Series {number} of {count}"

            def load(path: ElementPath = path, series: SeriesNode = series) -> list[Line]:
                return [*self._elements(path, series.dicom, 2), *self._instances(path.series, series)]

            yield Line(path.base_pointer(), 1, path, None, _heading(name, uid), load)

    def _instances(self, uid: str, series: SeriesNode) -> Iterator[Line]:
        count = len(series.instances)
        for number, (sop, instance) in enumerate(series.instances.items(), 1):
            path = ElementPath(Level.INSTANCE, uid, sop)
            name = "Instance" if count == 1 else f"Instance {number} of {count}"

            def load(path: ElementPath = path, instance: Instance = instance) -> list[Line]:
                return [*self._elements(path, instance.dicom, 3), *_members(path, instance)]

            yield Line(path.base_pointer(), 2, path, None, _heading(name, sop), load)

    def _elements(self, place: ElementPath, attributes: Mapping[str, Json], depth: int) -> list[Line]:
        added = {change.path.key: change for change in self._added.get(place, ())}
        keys = sorted({*attributes, *added}, key=_by_tag)
        return [
            self._element(place.child(key), attributes, depth)
            if key in attributes
            else self._new(added[key], attributes, depth)
            for key in keys
        ]

    def _element(self, path: ElementPath, beside: Mapping[str, Json], depth: int) -> Line:
        value = beside[path.key]
        items = items_of(value)

        def load() -> list[Line]:
            return [
                self._item(path.child(number), number, item, depth + 1)
                for number, item in enumerate(items or ())
            ]

        def cells() -> Sequence[Cell]:
            vr = self._document.vr_of(path)
            change = self._edits.get(path)
            return (
                (name_of(path.key, beside), _role(change)),
                (tag_text(path.key), "dim"),
                (vr[:2], "accent"),
                (multiplicity(value) if items is None else "1", "dim"),
                _edited(change, vr) if change is not None else (value_text(value, vr), role_of(value, vr)),
            )

        return Line(path.pointer(), depth, path, value, cells, load if items else None)

    def _new(self, change: Change, beside: Mapping[str, Json], depth: int) -> Line:
        """Return the line of an element that is added."""
        path, after = change.path, change.after
        value = None if isinstance(after, Absent) else after

        def cells() -> Sequence[Cell]:
            return (
                (name_of(path.key, beside), "added"),
                (tag_text(path.key), "dim"),
                (change.vr, "accent"),
                (multiplicity(value), "dim"),
                (f"+ {value_text(value, change.vr)}", "added"),
            )

        return Line(path.pointer(), depth, path, value, cells)

    def _item(self, path: ElementPath, number: int, item: Mapping[str, Json], depth: int) -> Line:
        change = self._edits.get(path)
        return Line(
            path.pointer(),
            depth,
            path,
            dict(item),
            lambda: (
                (f"Item {number + 1}", _role(change) or "title"),
                "",
                "",
                "",
                (value_text(dict(item)), "dim"),
            ),
            lambda: self._elements(path, item, depth + 1),
        )


def _around(path: ElementPath) -> ElementPath:
    """Return the level or item that an element stands in."""
    return ElementPath(path.level, path.series, path.instance, path.steps[:-1])


def _role(change: Change | None) -> str:
    if change is None:
        return ""
    return "removed" if isinstance(change.after, Absent) else "changed"


def _edited(change: Change, vr: str) -> Cell:
    """Return before and after of a pending edit."""
    old = "" if isinstance(change.before, Absent) else value_text(change.before, vr)
    before = f"{old[:_BEFORE]}…" if len(old) > _BEFORE + 1 else old
    if isinstance(change.after, Absent):
        return f"{before} → (removed)", "removed"
    after = value_text(change.after, vr)
    ends = (n for n, (one, other) in enumerate(zip(old, after, strict=False)) if one != other)
    same = next(ends, min(len(old), len(after)))
    if same > _SAME:  # what is new of it would stand beyond the column
        after = f"…{after[same - 4 :]}"
    return f"{before} → {after}", "changed"
