"""The reviewable side of a plan: one RFC 6902 patch an image set, in which every value is tested before it goes.

Each operation carries, beside RFC 6902's members (which say that others must be ignored), ``why``: the index of
its reason in the table of reasons, and ``vr``. A change is one operation that writes, after the tests it needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from curator.dicom import Json
from curator.dicom.levels import Level
from curator.findings import Absent, Change, Why
from curator.imageset import ElementPath, ImageSetMetadata, Step
from curator.imageset.path import escape
from curator.plan.model import UID_OF, renamed
from curator.plan.ways import is_private_key
from curator.treatments import Part, TreatedLevel, in_order, normal


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
    doc: ImageSetMetadata,
    levels: Iterable[TreatedLevel],
    removed: Sequence[Change],
    rekeyed: Sequence[Change],
) -> Operations:
    """Return the patch that all these changes are, in an order in which it applies."""
    reasons = _Reasons()
    patch: list[Mapping[str, Json]] = []
    for change in removed:
        patch += _removed(doc, change, reasons)
    for level in levels:
        _level(doc, level, reasons, patch)
    for change in _uid_order(rekeyed):
        patch += _rekeyed(change, reasons)
    return Operations(tuple(patch), tuple(reasons.index))


def _level(
    doc: ImageSetMetadata, level: TreatedLevel, reasons: _Reasons, patch: list[Mapping[str, Json]]
) -> None:
    """Add what is done on one level."""
    place = level.place
    base = place.base_pointer()
    on_instance = place.level is Level.INSTANCE
    vrs = doc.series[place.series].instances[place.instance].node.get("DICOMVRs") if on_instance else None
    for treatment in level.treatments:
        if treatment.nested:
            for part in in_order(treatment.parts):
                _changed(part, f"{base}/DICOM/{_tokens(part.steps)}", reasons, patch)
            continue
        (part,) = treatment.parts
        _changed(part, f"{base}/DICOM/{_tokens(part.steps)}", reasons, patch)
        if on_instance and is_private_key(treatment.key):
            patch += _private_vr(vrs, base, part)


@lru_cache(maxsize=4096)
def _tokens(steps: tuple[Step, ...]) -> str:
    """Return steps as the end of an RFC 6901 pointer; instances have the same ones over and over."""
    return "/".join(escape(step) if isinstance(step, str) else str(step) for step in steps)


def _removed(doc: ImageSetMetadata, change: Change, reasons: _Reasons) -> Iterator[Mapping[str, Json]]:
    place = change.path
    uid = (doc.attributes(place) or {}).get(UID_OF[place.level])
    if uid is not None:
        yield {"op": "test", "path": place.child(UID_OF[place.level]).pointer(), "value": uid}
    yield {"op": "remove", "path": place.base_pointer(), "why": reasons.of(change.why)}


def _changed(part: Part, pointer: str, reasons: _Reasons, patch: list[Mapping[str, Json]]) -> None:
    before, after = part.before, part.after
    if not isinstance(before, Absent):
        patch.append({"op": "test", "path": pointer, "value": before})
    why, vr, safety = reasons.of(part.why), part.vr, part.safety.value
    if isinstance(after, Absent):
        patch.append({"op": "remove", "path": pointer, "why": why, "vr": vr, "safety": safety})
    else:
        op = "add" if isinstance(before, Absent) else "replace"
        value = normal(after)
        patch.append({"op": op, "path": pointer, "value": value, "why": why, "vr": vr, "safety": safety})


def _private_vr(known: Json, base: str, part: Part) -> Iterator[Mapping[str, Json]]:
    """Yield what becomes of a private element's entry in ``DICOMVRs`` (``known``); part of the change before it."""
    key = str(part.steps[0])
    present = known.get(key) if isinstance(known, dict) else None
    pointer = f"{base}/DICOMVRs/{key}"
    if isinstance(part.after, Absent):
        if present is not None:
            yield {"op": "remove", "path": pointer}
    elif (isinstance(part.before, Absent) or present is not None) and present != part.vr:
        if isinstance(present, dict):
            return
        if not isinstance(known, dict):
            yield {"op": "add", "path": f"{base}/DICOMVRs", "value": {}}
        yield {"op": "add", "path": pointer, "value": part.vr}


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
