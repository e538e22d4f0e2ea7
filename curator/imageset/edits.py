"""The walk that finds what differs between two documents, at the least depth and the least cost.

Equal subtrees are never entered: instances are compared as the bytes they came in, then attribute by attribute
as bytes, and only attributes whose bytes differ are parsed. An instance or series whose UID changed is paired
with its old self by its frame ids, which the service keeps, so that it is moved rather than written anew. A
multi-valued element is one value; sequences are compared item by item.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import msgspec

from curator.dicom import Json
from curator.imageset.document import ImageSetMetadata
from curator.imageset.equality import same_value
from curator.imageset.instance import NOT_JSON, Instance, InvalidDocument, Node, SeriesNode, collector_off
from curator.imageset.path import escape

__all__ = ["Edit", "edits"]

_Identity: TypeAlias = "tuple[object, ...]"


_NOTHING: Final = msgspec.Raw()


class _Frame(msgspec.Struct):
    ID: Any = None


class _Frames(msgspec.Struct):
    ImageFrames: list[_Frame] | None = None


_FRAMES: Final = msgspec.json.Decoder(_Frames)


class _Instance(msgspec.Struct, forbid_unknown_fields=True):
    """The members of a usual instance, its attributes apart as bytes: found in one pass over it."""

    DICOM: dict[str, msgspec.Raw]
    DICOMVRs: msgspec.Raw = _NOTHING
    StoredTransferSyntaxUID: msgspec.Raw = _NOTHING
    ChecksumType: msgspec.Raw = _NOTHING
    ImageFrames: msgspec.Raw = _NOTHING


_INSTANCE: Final = msgspec.json.Decoder(_Instance)
_OTHERS: Final = tuple(name for name in _Instance.__struct_fields__ if name != "DICOM")


class Edit(NamedTuple):
    """One difference. ``source`` is where a moved thing was; ``before`` and ``after`` may be an Instance."""

    op: Literal["add", "remove", "replace", "move"]
    pointer: str
    before: object = None
    after: object = None
    source: str = ""


def edits(a: ImageSetMetadata, b: ImageSetMetadata) -> Iterator[Edit]:
    """Yield what makes ``b`` of ``a``, in an order in which it can be applied."""
    yield from _objects("", a.head, b.head)
    yield from _objects("/Patient", a.patient_node, b.patient_node)
    yield from _objects("/Study", a.study_node, b.study_node)
    yield from _series(a.series, b.series)


def _series(a: Mapping[str, SeriesNode], b: Mapping[str, SeriesNode]) -> Iterator[Edit]:
    gone, new = [uid for uid in a if uid not in b], [uid for uid in b if uid not in a]
    renamed = _renamed_series({uid: a[uid] for uid in gone}, {uid: b[uid] for uid in new})
    for uid in gone:
        if uid not in renamed:
            yield Edit("remove", f"/Study/Series/{escape(uid)}", before=a[uid])
    for uid, node in a.items():
        target = renamed.get(uid, uid)
        if target not in b:
            continue
        base = f"/Study/Series/{escape(target)}"
        if target != uid:
            yield Edit("move", base, before=uid, after=target, source=f"/Study/Series/{escape(uid)}")
        yield from _objects(base, node.node, b[target].node)
        yield from _instances(f"{base}/Instances", node.instances, b[target].instances)
    taken = set(renamed.values())
    for uid in new:
        if uid not in taken:
            yield Edit("add", f"/Study/Series/{escape(uid)}", after=b[uid])


def _instances(base: str, a: Mapping[str, Instance], b: Mapping[str, Instance]) -> Iterator[Edit]:
    gone, new = [sop for sop in a if sop not in b], [sop for sop in b if sop not in a]
    renamed = _renamed({sop: a[sop] for sop in gone}, {sop: b[sop] for sop in new}) if gone and new else {}
    for sop in gone:
        if sop not in renamed:
            yield Edit("remove", f"{base}/{escape(sop)}", before=a[sop])
    for sop, instance in a.items():
        target = renamed.get(sop, sop)
        other = b.get(target)
        if other is None:
            continue
        place = f"{base}/{escape(target)}"
        if target != sop:
            yield Edit("move", place, before=sop, after=target, source=f"{base}/{escape(sop)}")
        if instance is not other:
            yield from _instance(place, instance, other)
    taken = set(renamed.values())
    for sop in new:
        if sop not in taken:
            yield Edit("add", f"{base}/{escape(sop)}", after=b[sop])


def _instance(base: str, a: Instance, b: Instance) -> Iterator[Edit]:
    if a.has_node and b.has_node:
        yield from _objects(base, a.node, b.node)
    elif a.raw_view != b.raw_view:
        try:
            left, right = _INSTANCE.decode(a.raw_view), _INSTANCE.decode(b.raw_view)
        except NOT_JSON:
            yield from _objects(base, a.node, b.node)  # unusual members, or no JSON at all
            return
        yield from _raws(f"{base}/DICOM", left.DICOM, right.DICOM)
        if any(getattr(left, name) != getattr(right, name) for name in _OTHERS):
            yield from _raws(base, _others(left), _others(right))


def _others(instance: _Instance) -> dict[str, msgspec.Raw]:
    members = ((name, getattr(instance, name)) for name in _OTHERS)
    return {name: raw for name, raw in members if raw is not _NOTHING}


def _raws(base: str, left: dict[str, msgspec.Raw], right: dict[str, msgspec.Raw]) -> Iterator[Edit]:
    """Compare members as bytes, parsing only those that differ."""
    if left == right:
        return
    for key, raw in left.items():
        other = right.get(key)
        if other is None:
            yield Edit("remove", f"{base}/{escape(key)}", before=_parsed(raw))
        elif raw != other:
            yield from _values(f"{base}/{escape(key)}", _parsed(raw), _parsed(other))
    for key, raw in right.items():
        if key not in left:
            yield Edit("add", f"{base}/{escape(key)}", after=_parsed(raw))


def _parsed(raw: msgspec.Raw) -> Json:
    try:
        found: Json = msgspec.json.decode(raw)
    except NOT_JSON:
        raise InvalidDocument("an instance of the metadata document is not valid JSON") from None
    return found


def _objects(base: str, a: Mapping[str, Json], b: Mapping[str, Json]) -> Iterator[Edit]:
    if a is b:
        return
    for key, value in a.items():
        if key not in b:
            yield Edit("remove", f"{base}/{escape(key)}", before=value)
        else:
            yield from _values(f"{base}/{escape(key)}", value, b[key])
    for key, value in b.items():
        if key not in a:
            yield Edit("add", f"{base}/{escape(key)}", after=value)


def _values(base: str, a: Json, b: Json) -> Iterator[Edit]:
    if isinstance(a, dict) and isinstance(b, dict):
        yield from _objects(base, a, b)
    elif isinstance(a, list) and isinstance(b, list):
        items, others = _items_of(a), _items_of(b)
        if items and others:
            yield from _items(base, items, others)
        elif not same_value(a, b):
            yield Edit("replace", base, before=a, after=b)
    elif not same_value(a, b):
        yield Edit("replace", base, before=a, after=b)


def _items_of(value: list[Json]) -> list[Node] | None:
    """Return the items if this is a sequence; None for a multi-value."""
    items = [item for item in value if isinstance(item, dict)]
    return items if len(items) == len(value) else None


def _items(base: str, a: list[Node], b: list[Node]) -> Iterator[Edit]:
    """Compare a sequence's items: what begins and ends alike stays, the rest is compared in order."""
    shared = min(len(a), len(b))
    head = 0
    if len(a) != len(b):
        while head < shared and same_value(a[head], b[head]):
            head += 1
    tail = 0
    while len(a) != len(b) and tail < shared - head and same_value(a[-1 - tail], b[-1 - tail]):
        tail += 1
    middle = shared - head - tail
    for number in range(head, head + middle):
        yield from _objects(f"{base}/{number}", a[number], b[number])
    for number in reversed(range(head + middle, len(a) - tail)):
        yield Edit("remove", f"{base}/{number}", before=a[number])
    for number in range(head + middle, len(b) - tail):
        yield Edit("add", f"{base}/{number}", after=b[number])


# ------------------------------------------------------------------------------------------- who is who


def _identity(instance: Instance) -> _Identity:
    """Return what stays of an instance when its UIDs change: its frame ids, else its class and number."""
    if instance.has_node:
        ids: tuple[object, ...] = instance.frame_ids
    else:
        try:
            ids = tuple(frame.ID for frame in _FRAMES.decode(instance.raw_view).ImageFrames or ())
        except NOT_JSON:
            ids = ()
    if ids:
        return ("frames", *(str(found) for found in ids))
    return ("number", str(instance.dicom.get("SOPClassUID")), str(instance.dicom.get("InstanceNumber")))


def _renamed(a: Mapping[str, Instance], b: Mapping[str, Instance]) -> dict[str, str]:
    """Return new UIDs by old of the instances that are in both under different UIDs."""
    old, new = _unambiguous(a), _unambiguous(b)
    return {sop: new[identity] for identity, sop in old.items() if identity in new}


def _unambiguous(instances: Mapping[str, Instance]) -> dict[_Identity, str]:
    with collector_off():
        identities = {sop: _identity(instance) for sop, instance in instances.items()}
    counts = Counter(identities.values())
    return {identity: sop for sop, identity in identities.items() if counts[identity] == 1}


def _renamed_series(a: Mapping[str, SeriesNode], b: Mapping[str, SeriesNode]) -> dict[str, str]:
    """Return new UIDs by old of series: those that share instances, the pair that shares most first."""
    if not a or not b:
        return {}
    owners: dict[_Identity, str] = {}
    for uid, node in b.items():
        owners.update(dict.fromkeys(_identities(node), uid))
    shared: Counter[tuple[str, str]] = Counter()
    for uid, node in a.items():
        shared.update((uid, owners[found]) for found in _identities(node) if found in owners)
    renamed: dict[str, str] = {}
    for (old, new), _ in shared.most_common():
        if old not in renamed and new not in renamed.values():
            renamed[old] = new
    return renamed


def _identities(node: SeriesNode) -> set[_Identity]:
    return {*_unambiguous(node.instances)} | {("sop", sop) for sop in node.instances}
