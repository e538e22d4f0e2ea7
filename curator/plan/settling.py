"""Changes of many rules to one image set become one settled list: no two of them meet, each can be done.

Two rules that write the same element, or an element and the sequence around it, are a conflict, which is an
error unless priority decides: silently letting the last one win would make the order of files matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, cast

from curator.dicom import Json
from curator.dicom.dictionary import attribute, is_private, tag_of_key
from curator.dicom.levels import Level, level_of
from curator.errors import UsageError
from curator.findings import ABSENT, Absent, Change, Safety
from curator.imageset import ANY, ElementPath, ImageSetMetadata, Step
from curator.imageset.equality import equal
from curator.plan.leftout import LeftOut, Reason
from curator.plan.model import UID_OF

NEVER: Final = frozenset(
    {
        "SchemaVersion", "DatastoreID", "ImageSetID", "PixelData", "Checksum", "Width", "Height",
        "MinPixelValue", "MaxPixelValue", "FrameSizeInBytes",
    }
)  # fmt: skip
"""Keys the service never lets anybody edit (guide, "DICOM metadata constraints"); PixelData with force neither."""

_KEYS: Final = {level: (key,) for level, key in UID_OF.items()}
"""Steps to the UID by which the document keys a level."""
_RANK: Final = {level: rank for rank, level in enumerate(Level)}


class Conflict(UsageError):
    """Rules that write the same element without a priority that decides; ``problems`` lists each pair."""

    def __init__(self, image_set: str, problems: tuple[str, ...]) -> None:
        super().__init__(
            "\n".join([f"Rules contradict each other on image set {image_set}:", *problems]),
            hint="give one of the rules a higher priority, or narrow its `where`",
        )
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Settled:
    """What is to be done to one image set, ordered as the document is; no two changes meet.

    ``removed`` are instances and series; ``rekeyed`` are changes of the UIDs that key the document.
    """

    changes: list[Change] = field(default_factory=list)
    removed: list[Change] = field(default_factory=list)
    rekeyed: list[Change] = field(default_factory=list)
    left: list[LeftOut] = field(default_factory=list)

    def leave(self, change: Change, reason: Reason) -> None:
        """Note a change that is not made, and why."""
        self.left.append(left_out(change, reason))


def left_out(change: Change, reason: Reason) -> LeftOut:
    """Return the entry of a change that is not made."""
    return LeftOut(reason, change.why.rule, str(change.path.generic()))


def settle(
    doc: ImageSetMetadata,
    changes: Iterable[Change],
    *,
    priority: Callable[[str], int] = lambda rule: 0,
    allow: frozenset[Safety] = frozenset({Safety.SAFE, Safety.REVIEW}),
) -> Settled:
    """Sort out ``changes`` against the document and each other; ``priority`` ranks rules by id, highest wins.

    Raises `Conflict` with all pairs that nothing decides between.
    """
    settled = Settled()
    places = _by_place(doc, changes, allow, settled)
    problems: list[str] = []
    order = sorted(places, key=_document_order)
    gone = _removals(doc, order, places, settled)
    refusal = _Refusals()
    for place in order:
        alive = [change for change in places[place] if change.path.steps]
        if gone and (place in gone or ElementPath(Level.SERIES, place.series) in gone):
            for change in alive:
                settled.leave(change, Reason.GONE)
            continue
        node = doc.attributes(place)
        chosen = _without_conflicts(doc, alive, priority, settled, problems)
        keys = _KEYS.get(place.level)
        for change in chosen if node is not None else ():
            reason = refusal.of(node or {}, change)
            if reason is not None:
                settled.leave(change, reason)
            elif change.path.steps == keys:
                settled.rekeyed.append(change)
            else:
                settled.changes.append(change)
    if problems:
        raise Conflict(doc.image_set_id, tuple(problems))
    return settled


def _document_order(place: ElementPath) -> tuple[int, str, str]:
    return _RANK[place.level], place.series, place.instance


def _by_place(
    doc: ImageSetMetadata, changes: Iterable[Change], allow: frozenset[Safety], settled: Settled
) -> dict[ElementPath, list[Change]]:
    """Return the changes that may be made by the level they are on; most come one level after the other."""
    places: dict[ElementPath, list[Change]] = {}
    last: ElementPath | None = None
    here: list[Change] | None = None
    for change in changes:
        if change.safety not in allow:
            reason = Reason.REPORT_ONLY if change.safety is Safety.REPORT_ONLY else Reason.REVIEW
            settled.leave(change, reason)
            continue
        path = change.path
        if (
            last is not None
            and path.instance == last.instance
            and path.series == last.series
            and path.level is last.level
            and here is not None
        ):
            here.append(change)
            continue
        resolved = _resolved(doc, change)
        if resolved is None:
            settled.leave(change, Reason.NO_PLACE)
            continue
        last = resolved.path.at_level()
        here = places.setdefault(last, [])
        here.append(resolved)
    return places


def _resolved(doc: ImageSetMetadata, change: Change) -> Change | None:
    """Return the change with its series filled in; None when its place is not in the document."""
    path = change.path
    if path.level is Level.INSTANCE and path.series in ("", ANY):
        series = doc.series_of(path.instance)
        if series is None:
            return None
        path = ElementPath(path.level, series, path.instance, path.steps)
        change = Change(path, change.before, change.after, change.vr, change.why, change.safety)
    return change if doc.attributes(path.at_level()) is not None else None


def _removals(
    doc: ImageSetMetadata,
    order: Iterable[ElementPath],
    places: Mapping[ElementPath, list[Change]],
    settled: Settled,
) -> set[ElementPath]:
    """Take out the instances and series to be removed, series first; return their places."""
    gone: set[ElementPath] = set()
    for place in order:
        for change in places[place]:
            if change.path.steps or place in gone:
                continue
            inside = place.level is Level.INSTANCE and ElementPath(Level.SERIES, place.series) in gone
            if place.level in (Level.PATIENT, Level.STUDY) or change.after is not ABSENT:
                settled.leave(change, Reason.NEVER)
            elif inside:
                settled.leave(change, Reason.GONE)
            else:
                gone.add(place)
                settled.removed.append(change)
    return gone


def _without_conflicts(
    doc: ImageSetMetadata,
    changes: list[Change],
    priority: Callable[[str], int],
    settled: Settled,
    problems: list[str],
) -> list[Change]:
    """Return the changes of one place that stay, ordered by path, after equal ones and overruled ones are gone."""
    alone = {str(change.path.steps[0]): change for change in changes}
    if len(alone) == len(changes):
        return [alone[top] for top in sorted(alone)]
    tops: dict[str, list[Change]] = {}
    for change in changes:
        tops.setdefault(change.path.top, []).append(change)
    meeting = [change for change in changes if len(tops[change.path.top]) > 1]
    staying = _without_meeting(doc, meeting, priority, settled, problems)
    for top, here in tops.items():
        if len(here) > 1:
            tops[top] = staying.get(top, [])
    return [change for top in sorted(tops) for change in tops[top]]


def _without_meeting(
    doc: ImageSetMetadata,
    changes: list[Change],
    priority: Callable[[str], int],
    settled: Settled,
    problems: list[str],
) -> dict[str, list[Change]]:
    """Return which of several changes to one element, or inside it, stay: by its key, ordered by path."""
    chosen: dict[tuple[Step, ...], Change] = {}
    below: dict[str, list[Change]] = {}  # nested changes by the key of their outermost sequence
    rank = {rule: priority(rule) for rule in {change.why.rule for change in changes}}
    for change in sorted(changes, key=lambda change: -rank[change.why.rule]):
        steps = change.path.steps
        met = _met(steps, chosen, below)
        if met is None:
            chosen[steps] = change
            if len(steps) > 1:
                below.setdefault(change.path.top, []).append(change)
        elif met.path.steps == steps and _same_value(met.after, change.after):
            settled.leave(change, Reason.AGREED)
        elif rank[met.why.rule] > rank[change.why.rule]:
            settled.leave(change, Reason.OVERRULED)
        else:
            problems.append(
                f"  {change.path.anonymous(doc)}: {met.why.rule} and {change.why.rule} want different values"
            )
    found: dict[str, list[Change]] = {}
    for steps in sorted(chosen, key=_steps_order):
        found.setdefault(chosen[steps].path.top, []).append(chosen[steps])
    return found


def _steps_order(steps: tuple[Step, ...]) -> tuple[tuple[bool, Step], ...]:
    return tuple((isinstance(step, str), step) for step in steps)


def _met(
    steps: tuple[Step, ...], chosen: Mapping[tuple[Step, ...], Change], below: Mapping[str, list[Change]]
) -> Change | None:
    """Return a chosen change on the same element, on a sequence around it or inside it."""
    for length in range(1, len(steps) + 1):
        if found := chosen.get(steps[:length]):
            return found
    inside = below.get(str(steps[0]), ())
    return next((each for each in inside if each.path.steps[: len(steps)] == steps), None)


class _Refusals:
    """Says why changes cannot be made; what one key or value decides is found once."""

    def __init__(self) -> None:
        self._invalid: dict[tuple[Step, str, str | None], bool] = {}

    def of(self, node: Mapping[str, Json], change: Change) -> Reason | None:
        path, after = change.path, change.after
        steps = path.steps
        top = steps[0]
        assert isinstance(top, str)
        reason = _by_key(path.level, top)
        if reason is not None:
            return reason
        present = node.get(top, ABSENT) if len(steps) == 1 else value_at(node, steps)
        if isinstance(present, _NoPlace):
            return Reason.NO_PLACE
        if present is not change.before and not _same_value(present, change.before):
            return Reason.STALE
        if after is ABSENT:
            if present is ABSENT:
                return Reason.NOTHING
            return Reason.KEYS if steps == _KEYS.get(path.level) else None
        if _same_value(present, after):
            return Reason.NOTHING
        return Reason.VALUE if self._is_invalid(change) else None

    def _is_invalid(self, change: Change) -> bool:
        path, after = change.path, change.after
        assert not isinstance(after, Absent)
        if not (isinstance(after, str) or after is None) or isinstance(path.steps[-1], int):
            return invalid(path, change.vr, after)
        known = path.steps[-1], change.vr, after
        found = self._invalid.get(known)
        if found is None:
            found = self._invalid[known] = invalid(path, change.vr, after)
        return found


@lru_cache(maxsize=4096)
def _by_key(level: Level, top: str) -> Reason | None:
    """Return why no change of this key, or inside it, can be made on this level."""
    tag = tag_of_key(top)
    if top in NEVER or tag is None:
        return Reason.NEVER
    if is_private(tag):
        return Reason.PRIVATE_LEVEL if level is not Level.INSTANCE else None
    return Reason.LEVEL if attribute(tag) is not None and level_of(tag) is not level else None


class _NoPlace:
    """The sequence or item that a path leads through is not there."""


def value_at(node: Mapping[str, Json], steps: tuple[Step, ...]) -> Json | Absent | _NoPlace:
    """Return the value that ``steps`` lead to; ABSENT when only the last step fails."""
    found: object = node
    for number, step in enumerate(steps):
        last = number == len(steps) - 1
        if isinstance(step, str) and isinstance(found, dict):
            if step not in found:
                return ABSENT if last else _NoPlace()
            found = found[step]
        elif isinstance(step, int) and isinstance(found, list):
            if step >= len(found):
                return ABSENT if last and step == len(found) else _NoPlace()
            found = found[step]
        else:
            return _NoPlace()
    return cast("Json", found)


def _same_value(a: Json | Absent | _NoPlace, b: Json | Absent) -> bool:
    if isinstance(a, _NoPlace):
        return False
    if isinstance(a, Absent) or isinstance(b, Absent):
        return a is b
    return equal(a, b)


def invalid(path: ElementPath, vr: str, value: Json) -> bool:
    """Say whether ``value`` does not fit its VR and VM; sequences are looked into. ``force`` makes the service blind."""
    from curator.dicom.vr import element_problem

    if path.steps and isinstance(path.steps[-1], int):
        members = value.items() if isinstance(value, dict) else [("", None)]
        tags = [(tag_of_key(key), inner) for key, inner in members]
        return any(tag is None or element_problem(tag, inner) is not None for tag, inner in tags)
    return path.tag is None or element_problem(path.tag, value, vr=vr or None) is not None


def nested(value: Json, changes: Iterable[Change]) -> Json:
    """Return a top-level element's value after changes below it: values, then new items, then items that go."""
    result = _copied(value)
    for change in in_order(changes):
        steps = change.path.steps[1:]
        place: Json = result
        for step in steps[:-1]:
            place = place[step]  # type: ignore[index]  # settle() walked the same way
        last = steps[-1]
        if isinstance(place, dict) and isinstance(last, str):
            if isinstance(change.after, Absent):
                del place[last]
            else:
                place[last] = normal(change.after)
        elif isinstance(place, list) and isinstance(last, int):
            if isinstance(change.after, Absent):
                del place[last]
            elif last == len(place):
                place.append(normal(change.after))
            else:
                place[last] = normal(change.after)
    return result


def _copied(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _copied(inner) for key, inner in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value


def in_order(changes: Iterable[Change]) -> Iterator[Change]:
    """Yield nested changes in an order in which each path still leads to its element.

    Items that go are last, from the back: an index must not shift before it is used.
    """
    listed = list(changes)
    going = [each for each in listed if each.after is ABSENT and isinstance(each.path.steps[-1], int)]
    yield from (
        each for each in listed if not (each.after is ABSENT and isinstance(each.path.steps[-1], int))
    )
    yield from sorted(going, key=lambda each: _steps_order(each.path.steps), reverse=True)


def normal(value: Json) -> Json:
    """Return the value as the service writes it: integral numbers without a fraction."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, list):
        return [normal(item) for item in value]
    if isinstance(value, dict):
        return {key: normal(inner) for key, inner in value.items()}
    return value
