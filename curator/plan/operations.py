"""The reviewable side of a plan: one RFC 6902 patch an image set, in which every value is tested before it goes.

Each operation carries, beside RFC 6902's members (which say that others must be ignored), ``why``: the index of
its reason in the table of reasons, and ``vr``. A change is one operation that writes, after the tests it needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from curator.dicom import Json
from curator.dicom.dictionary import is_private
from curator.dicom.levels import Level
from curator.findings import Absent, Change, Why
from curator.imageset import ElementPath, ImageSetMetadata
from curator.plan.model import UID_OF, renamed
from curator.plan.settling import in_order, normal


@dataclass(frozen=True, slots=True)
class Operations:
    """The patch of one image set, and the reasons that its operations point to."""

    patch: tuple[Mapping[str, Json], ...]
    whys: tuple[Why, ...]


class _Reasons:
    def __init__(self) -> None:
        self.index: dict[Why, int] = {}

    def of(self, why: Why) -> int:
        return self.index.setdefault(why, len(self.index))


def operations_of(
    doc: ImageSetMetadata, changes: Iterable[Change], removed: Sequence[Change], rekeyed: Sequence[Change]
) -> Operations:
    """Return the patch that all these changes are, in an order in which it applies."""
    reasons = _Reasons()
    patch: list[Mapping[str, Json]] = []
    for change in removed:
        patch += _removed(doc, change, reasons)
    for group in _by_top(changes):
        for change in in_order(group):
            patch += _changed(doc, change, reasons)
    for change in _uid_order(rekeyed):
        patch += _rekeyed(change, reasons)
    return Operations(tuple(patch), tuple(reasons.index))


def _by_top(changes: Iterable[Change]) -> Iterator[list[Change]]:
    group: list[Change] = []
    for change in changes:
        if group and (group[0].path.at_level(), group[0].path.top) != (
            change.path.at_level(),
            change.path.top,
        ):
            yield group
            group = []
        group.append(change)
    if group:
        yield group


def _removed(doc: ImageSetMetadata, change: Change, reasons: _Reasons) -> Iterator[Mapping[str, Json]]:
    place = change.path
    uid = (doc.attributes(place) or {}).get(UID_OF[place.level])
    if uid is not None:
        yield {"op": "test", "path": place.child(UID_OF[place.level]).pointer(), "value": uid}
    yield {"op": "remove", "path": place.base_pointer(), "why": reasons.of(change.why)}


def _changed(doc: ImageSetMetadata, change: Change, reasons: _Reasons) -> Iterator[Mapping[str, Json]]:
    path, pointer = change.path, change.path.pointer()
    if not isinstance(change.before, Absent):
        yield {"op": "test", "path": pointer, "value": change.before}
    said: dict[str, Json] = {"why": reasons.of(change.why), "vr": change.vr, "safety": str(change.safety)}
    if isinstance(change.after, Absent):
        yield {"op": "remove", "path": pointer, **said}
    else:
        op = "add" if isinstance(change.before, Absent) else "replace"
        yield {"op": op, "path": pointer, "value": normal(change.after), **said}
    if (
        len(path.steps) == 1
        and path.level is Level.INSTANCE
        and path.tag is not None
        and is_private(path.tag)
    ):
        yield from _private_vr(doc, change)


def _private_vr(doc: ImageSetMetadata, change: Change) -> Iterator[Mapping[str, Json]]:
    """Yield what becomes of a private element's entry in ``DICOMVRs``; part of the change before it."""
    place, key = change.path.at_level(), change.path.top
    node = doc.series[place.series].instances[place.instance].node
    known = node.get("DICOMVRs")
    present = known.get(key) if isinstance(known, dict) else None
    pointer = f"{place.base_pointer()}/DICOMVRs/{key}"
    if isinstance(change.after, Absent):
        if present is not None:
            yield {"op": "remove", "path": pointer}
    elif (isinstance(change.before, Absent) or present is not None) and present != change.vr:
        if isinstance(present, dict):
            return
        if not isinstance(known, dict):
            yield {"op": "add", "path": f"{place.base_pointer()}/DICOMVRs", "value": {}}
        yield {"op": "add", "path": pointer, "value": change.vr}


def _uid_order(rekeyed: Sequence[Change]) -> Iterator[Change]:
    """Yield UID changes so that no node is moved onto another that is still there."""
    waiting = list(rekeyed)
    for level in (Level.INSTANCE, Level.SERIES):
        here = [change for change in waiting if change.path.level is level]
        while here:
            held = {change.path.instance or change.path.series for change in here}
            yield from (change for change in here if change.after not in held)
            here = [change for change in here if change.after in held]
    yield from (change for change in waiting if change.path.level is Level.STUDY)


def _rekeyed(change: Change, reasons: _Reasons) -> Iterator[Mapping[str, Json]]:
    place, pointer = change.path.at_level(), change.path.pointer()
    assert isinstance(change.after, str)
    yield {
        "op": "test",
        "path": pointer,
        "value": None if isinstance(change.before, Absent) else change.before,
    }
    why = reasons.of(change.why)
    yield {
        "op": "replace",
        "path": pointer,
        "value": change.after,
        "why": why,
        "vr": "UI",
        "safety": str(change.safety),
    }
    if place.level in (Level.SERIES, Level.INSTANCE):
        target = renamed(place, change.after).base_pointer()
        yield {"op": "move", "from": place.base_pointer(), "path": target}


def changes_of(patch: Iterable[Mapping[str, Json]], whys: Sequence[Why]) -> Iterator[Change]:
    """Yield the changes that a patch was made from; instance and series removals come with ``before`` ABSENT-less."""
    from curator.findings import ABSENT, Safety

    tested: dict[Json, Json] = {}
    for operation in patch:
        pointer = operation["path"]
        if operation["op"] == "test":
            tested[pointer] = operation["value"]
            continue
        index = operation.get("why")
        if not isinstance(index, int) or not isinstance(pointer, str):
            continue
        before: Json | Absent = tested.pop(pointer, ABSENT)
        after: Json | Absent = operation.get("value", ABSENT)
        safety = Safety(str(operation.get("safety", Safety.REVIEW)))
        path = ElementPath.from_pointer(pointer)
        yield Change(path, before, after, str(operation.get("vr", "")), whys[index], safety)
