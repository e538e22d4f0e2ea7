"""What rules write laid over what the table says, where they write: all else stays the same shared treatments.

A rule has a say on some elements. The others keep their treatments and the groups that hold them, so that planners
still find out about each once, however many instances have it.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import groupby
from typing import Final, TypeAlias

import msgspec

from curator.deid.private import is_creator
from curator.dicom import Json
from curator.dicom.dictionary import is_private
from curator.findings import ABSENT, Absent, Change
from curator.imageset import ElementPath, ImageSetMetadata
from curator.rulefile import Outcome
from curator.treatments import Group, Part, Treated, TreatedLevel, Treatment, key_of, treatment_of

Touched: TypeAlias = Mapping[ElementPath, frozenset[str]]
"""By level the keys of those of its own elements that rules write or keep, or whose items' elements they do."""

_encode: Final = msgspec.json.Encoder().encode


def touched(said: Outcome) -> Touched:
    """Return on which elements rules have a say; the creator of a private element that they keep is one."""
    found: dict[ElementPath, set[str]] = {}
    for change in said.changes:
        found.setdefault(change.path.at_level(), set()).add(change.path.top)
    for path in said.held:
        keys = found.setdefault(path.at_level(), set())
        keys.add(path.top)
        tag = path.tag
        if not path.depth and tag is not None and is_private(tag) and not is_creator(tag):
            keys.add(creator_of(tag))
    return {place: frozenset(keys) for place, keys in found.items()}


def creator_of(tag: int) -> str:
    """Return the key of a private element's creator."""
    return f"{tag >> 16:04X}00{tag >> 8 & 0xFF:02X}"


def changes_at(table: Treated, where: Touched) -> Iterator[Change]:
    """Yield the table's changes to the touched elements, and to what is in them."""
    for level in table.levels:
        keys = where.get(level.place)
        if keys:
            for treatment in level.treatments:
                if treatment.key in keys:
                    for part in treatment.parts:
                        yield part.at(level.place)


def laid_over(
    table: Treated, doc: ImageSetMetadata, where: Touched, changes: Iterable[Change]
) -> Collection[Change]:
    """Return the table's treatments with ``changes`` in the place of all that it says of the touched elements.

    Plain changes where a rule writes both a sequence and what is in it: who has the last word there, planners say.
    """
    alike = _Alike()
    written: dict[ElementPath, list[Treatment]] = {}
    ordered = sorted(changes, key=lambda change: change.path)
    for place, here in groupby(ordered, key=lambda change: change.path.at_level()):
        node = doc.attributes(place)
        for top, inside in groupby(here, key=lambda change: change.path.top):
            parts = tuple(
                Part(each.path.steps, each.before, each.after, each.vr, each.why, each.safety)
                for each in inside
            )
            if node is None or not top or (len(parts) > 1 and len(parts[0].steps) == 1):
                return tuple(_one_by_one(table, where, ordered))
            written.setdefault(place, []).append(alike.treatment(node, top, parts))
    levels = {level.place: level for level in table.levels}
    for place in where:
        node = doc.attributes(place)
        if place not in levels and node is not None:
            levels[place] = TreatedLevel(place, node, ())
    made = (
        alike.level(level, where[level.place], written.get(level.place, ()))
        if level.place in where
        else level
        for level in levels.values()
    )
    return Treated(tuple(level for level in made if level.own or level.group.treatments))


def _one_by_one(table: Treated, where: Touched, changes: Iterable[Change]) -> Iterator[Change]:
    for level in table.levels:
        keys = where.get(level.place, frozenset())
        for treatment in level.treatments:
            if treatment.key not in keys:
                for part in treatment.parts:
                    yield part.at(level.place)
    yield from changes


class _Alike:
    """Makes treatments and groups, of those that are alike the same object."""

    def __init__(self) -> None:
        self._treatments: dict[tuple[object, ...], Treatment] = {}
        self._groups: dict[tuple[Group, frozenset[str]], Group] = {}

    def treatment(self, node: Mapping[str, Json], top: str, parts: tuple[Part, ...]) -> Treatment:
        """Return what ``parts`` make of the element ``top`` of a level."""
        mark = (
            top,
            _mark(node.get(top, ABSENT)),
            *(
                (part.steps, _mark(part.before), _mark(part.after), part.vr, part.why, part.safety)
                for part in parts
            ),
        )
        known = self._treatments.get(mark)
        if known is None:
            known = self._treatments[mark] = treatment_of(node, top, parts)
        return known

    def level(self, level: TreatedLevel, keys: frozenset[str], written: Iterable[Treatment]) -> TreatedLevel:
        """Return the level with ``written`` in the place of what was done to the elements ``keys``."""
        own = [each for each in level.own if each.key not in keys]
        for each in written:
            insort(own, each, key=key_of)
        group = self._groups.get((level.group, keys))
        if group is None:
            kept = tuple(each for each in level.group.treatments if each.key not in keys)
            unchanged = len(kept) == len(level.group.treatments)
            group = self._groups[level.group, keys] = level.group if unchanged else Group(kept)
        return TreatedLevel(level.place, level.attributes, own, group)


def _mark(value: object) -> bytes | None:
    return None if isinstance(value, Absent) else _encode(value)
