"""The metadata document of an image set at a version: read-only, and parsed only as far as asked.

    {SchemaVersion, DatastoreID, ImageSetID,
     Patient {DICOM},
     Study   {DICOM, Series {UID {DICOM, Instances {UID {DICOM, DICOMVRs, ImageFrames …}}}}}}

A document may be 50 MB of JSON, nearly all of it instances. Parsing finds where each instance begins and ends
and leaves it as bytes until somebody looks inside; two versions are compared mostly by those bytes.

What is handed out is read-only by type; `ImageSetMetadata.to_json` gives a copy of one's own.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import msgspec

from curator.dicom import Json
from curator.dicom.levels import Level
from curator.errors import CuratorError
from curator.imageset.path import ANY, ElementPath, PrivateStep, Step

if TYPE_CHECKING:
    from curator.imageset.patch import Operation

__all__ = ["ImageSetMetadata", "Instance", "InvalidDocument", "Node", "SeriesNode"]

Node = dict[str, Json]
"""A JSON object of the document."""

_GZIP: Final = b"\x1f\x8b"
_LARGEST: Final = 100_000_000  # bytes; the service's documents have at most 50 MB


class InvalidDocument(CuratorError):
    """The bytes are not a metadata document; the message holds none of them."""


class _Level(msgspec.Struct, forbid_unknown_fields=True):
    DICOM: dict[str, Any]


class _Series(msgspec.Struct, forbid_unknown_fields=True):
    DICOM: dict[str, Any]
    Instances: dict[str, msgspec.Raw]


class _Study(msgspec.Struct, forbid_unknown_fields=True):
    DICOM: dict[str, Any]
    Series: dict[str, _Series]


class _Spine(msgspec.Struct, forbid_unknown_fields=True):
    """The usual document: anything else takes the slower way that keeps members unknown to us."""

    Patient: _Level
    Study: _Study
    SchemaVersion: Any = msgspec.UNSET
    DatastoreID: Any = msgspec.UNSET
    ImageSetID: Any = msgspec.UNSET


_SPINE: Final = msgspec.json.Decoder(_Spine)
_OBJECT: Final = msgspec.json.Decoder(dict[str, Any])
_RAW_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_HEAD: Final = ("SchemaVersion", "DatastoreID", "ImageSetID")


@contextmanager
def collector_off() -> Iterator[None]:
    """Keep the cyclic collector from walking a growing tree over and over; JSON has no cycles."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


class Instance:
    """One instance: its attributes, the VRs of its private elements, its frames. Parsed on first look."""

    __slots__ = ("_node", "_raw")

    def __init__(self, raw: msgspec.Raw | None, node: Node | None = None) -> None:
        self._raw = raw
        self._node = node

    @property
    def node(self) -> Node:
        """The instance's whole JSON object. Read-only."""
        if self._node is None:
            try:
                self._node = _OBJECT.decode(self.raw_view)
            except (msgspec.DecodeError, RecursionError):
                raise InvalidDocument("an instance of the metadata document is not a JSON object") from None
        return self._node

    @property
    def raw(self) -> bytes:
        """The instance as JSON bytes, as they came or as they would be sent."""
        return bytes(self.raw_view)

    @property
    def raw_view(self) -> msgspec.Raw:
        """`raw` without a copy: a view of the whole document's bytes, equal where the bytes are."""
        if self._raw is None:
            self._raw = msgspec.Raw(msgspec.json.encode(self._node))
        return self._raw

    @property
    def has_node(self) -> bool:
        """Whether `node` is there without parsing."""
        return self._node is not None

    @property
    def dicom(self) -> Mapping[str, Json]:
        """The attributes."""
        return object_at(self.node, "DICOM")

    @property
    def vrs(self) -> Mapping[str, str]:
        """VRs of the private elements, by key (``DICOMVRs``)."""
        return {key: vr for key, vr in object_at(self.node, "DICOMVRs").items() if isinstance(vr, str)}

    @property
    def frames(self) -> Sequence[Mapping[str, Json]]:
        """The entries of ``ImageFrames``, in frame order."""
        frames = self.node.get("ImageFrames")
        return [frame for frame in frames if isinstance(frame, dict)] if isinstance(frames, list) else []

    @property
    def frame_ids(self) -> tuple[str, ...]:
        """The ids of its image frames: they stay when UIDs change."""
        return tuple(str(frame["ID"]) for frame in self.frames if "ID" in frame)


class SeriesNode:
    """One series: its attributes and its instances by SOP Instance UID."""

    __slots__ = ("instances", "node")

    def __init__(self, node: Node, instances: dict[str, Instance]) -> None:
        self.node = node  # without Instances
        self.instances: Mapping[str, Instance] = instances

    @property
    def dicom(self) -> Mapping[str, Json]:
        """The attributes."""
        return object_at(self.node, "DICOM")


def object_at(node: Mapping[str, Json], key: str) -> Node:
    """Return the object under ``key``; an empty one when it is missing or something else."""
    found = node.get(key)
    return found if isinstance(found, dict) else {}


class ImageSetMetadata:
    """A metadata document. Equality is `curator.imageset.same`; there are no setters: see `with_patch`."""

    __slots__ = ("_head", "_index", "_ordinals", "_patient", "_series", "_study")

    def __init__(self, head: Node, patient: Node, study: Node, series: dict[str, SeriesNode]) -> None:
        self._head = head  # everything at the top but Patient and Study
        self._patient = patient
        self._study = study  # without Series
        self._series = series
        self._index: dict[str, str] | None = None
        self._ordinals: dict[str, int] | None = None

    # --------------------------------------------------------------------------------------- in and out

    @classmethod
    def parse(cls, blob: bytes) -> ImageSetMetadata:
        """Return the document in ``blob``, JSON as UTF-8, gzipped (as the service sends it) or plain.

        Raises InvalidDocument. The inside of an instance is checked when it is first looked at.
        """
        if blob[:2] == _GZIP:
            blob = _gunzip(blob)
        try:
            with collector_off():
                return cls._from_spine(_SPINE.decode(blob))
        except msgspec.ValidationError:
            return cls._tolerantly(blob)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise InvalidDocument("the metadata document is not valid JSON") from None

    @classmethod
    def _from_spine(cls, spine: _Spine) -> ImageSetMetadata:
        head = {key: getattr(spine, key) for key in _HEAD if getattr(spine, key) is not msgspec.UNSET}
        series = {
            uid: SeriesNode(
                {"DICOM": found.DICOM}, {sop: Instance(raw) for sop, raw in found.Instances.items()}
            )
            for uid, found in spine.Study.Series.items()
        }
        return cls(head, {"DICOM": spine.Patient.DICOM}, {"DICOM": spine.Study.DICOM}, series)

    @classmethod
    def _tolerantly(cls, blob: bytes) -> ImageSetMetadata:
        """Parse a document with members unknown to us, keeping them; or say what is missing."""
        try:
            return cls.from_json(_OBJECT.decode(blob))
        except (msgspec.DecodeError, RecursionError):
            raise InvalidDocument("the metadata document is not a JSON object") from None

    @classmethod
    def from_json(cls, tree: Mapping[str, Json]) -> ImageSetMetadata:
        """Return the document that a parsed JSON object holds; the object must not be changed afterwards.

        Raises InvalidDocument, naming the member that is missing or of the wrong kind.
        """
        head = {key: value for key, value in tree.items() if key not in ("Patient", "Study")}
        patient = _member(tree, "Patient", "the document")
        _member(patient, "DICOM", "Patient")
        study = _member(tree, "Study", "the document")
        _member(study, "DICOM", "Study")
        series = {}
        for node in _member(study, "Series", "Study").values():
            if not isinstance(node, dict):
                raise InvalidDocument("the metadata document has a series that is not an object")
        for uid, node in _member(study, "Series", "Study").items():
            assert isinstance(node, dict)
            _member(node, "DICOM", "a series")
            instances = {}
            for sop, instance in _member(node, "Instances", "a series").items():
                if not isinstance(instance, dict):
                    raise InvalidDocument("the metadata document has an instance that is not an object")
                instances[sop] = Instance(None, instance)
            series[uid] = SeriesNode(_without(node, "Instances"), instances)
        return cls(head, patient, _without(study, "Series"), series)

    def encode(self) -> bytes:
        """Return the document as JSON. Instances that nobody changed go out byte for byte as they came."""
        tree: dict[str, object] = {**self._head, "Patient": self._patient}
        series = {
            uid: {
                **node.node,
                "Instances": {sop: found.raw_view for sop, found in node.instances.items()},
            }
            for uid, node in self._series.items()
        }
        tree["Study"] = {**self._study, "Series": series}
        return msgspec.json.encode(tree)

    def to_json(self) -> Node:
        """Return the document as plain objects, a copy that the caller owns."""
        with collector_off():
            return _OBJECT.decode(self.encode())

    # --------------------------------------------------------------------------------------- the levels

    @property
    def head(self) -> Mapping[str, Json]:
        """What stands beside Patient and Study: SchemaVersion and the two ids."""
        return self._head

    @property
    def image_set_id(self) -> str:
        """The image set's id; "" when the document names none."""
        return str(self._head.get("ImageSetID") or "")

    @property
    def datastore_id(self) -> str:
        """The data store's id; "" when the document names none."""
        return str(self._head.get("DatastoreID") or "")

    @property
    def patient(self) -> Mapping[str, Json]:
        """The Patient level's attributes."""
        return object_at(self._patient, "DICOM")

    @property
    def study(self) -> Mapping[str, Json]:
        """The Study level's attributes."""
        return object_at(self._study, "DICOM")

    @property
    def patient_node(self) -> Mapping[str, Json]:
        """The whole Patient object."""
        return self._patient

    @property
    def study_node(self) -> Mapping[str, Json]:
        """The whole Study object without its series."""
        return self._study

    @property
    def series(self) -> Mapping[str, SeriesNode]:
        """The series by Series Instance UID."""
        return self._series

    def instances(self) -> Iterator[tuple[str, str, Instance]]:
        """Yield every instance as (Series Instance UID, SOP Instance UID, instance)."""
        for uid, series in self._series.items():
            for sop, instance in series.instances.items():
                yield uid, sop, instance

    def instance(self, sop: str) -> Instance | None:
        """Return the instance of this SOP Instance UID."""
        series = self.series_of(sop)
        return None if series is None else self._series[series].instances[sop]

    def series_of(self, sop: str) -> str | None:
        """Return the Series Instance UID of the series that this instance is in."""
        if self._index is None:
            self._index = {sop: uid for uid, series in self._series.items() for sop in series.instances}
        return self._index.get(sop)

    @property
    def instance_count(self) -> int:
        """How many instances there are."""
        return sum(len(series.instances) for series in self._series.values())

    def series_ordinal(self, uid: str) -> int:
        """Return which series this is, from 1, for messages; 0 when it is not there."""
        return next((number for number, found in enumerate(self._series, 1) if found == uid), 0)

    def instance_ordinal(self, sop: str) -> int:
        """Return which instance this is, from 1 over all series, for messages; 0 when it is not there."""
        if self._ordinals is None:
            self._ordinals = {found: number for number, (_, found, _) in enumerate(self.instances(), 1)}
        return self._ordinals.get(sop, 0)

    # --------------------------------------------------------------------------------------- elements

    def get(self, path: ElementPath, default: Json = None) -> Json:
        """Return the value at ``path``, ``default`` when there is none (an empty element is None too).

        A pattern's first match counts.
        """
        return next((value for _, value in self.find(path)), default)

    def has(self, path: ElementPath) -> bool:
        """Say whether there is an element (or level) at ``path``, empty or not."""
        return next(self.find(path), None) is not None

    def find(self, pattern: ElementPath) -> Iterator[tuple[ElementPath, Json]]:
        """Yield each element that ``pattern`` matches, as (its concrete path, its value).

        Series are resolved: ``Instances[UID]`` comes back as ``Series[UID]/Instances[UID]``; private elements
        by creator come back under the key they have in that instance. A path without steps yields the
        level's attributes.
        """
        for place in self._places(pattern):
            node = self.attributes(place)
            if node is not None:
                yield from _descend(place, node, pattern.steps)

    def _places(self, pattern: ElementPath) -> Iterator[ElementPath]:
        level = pattern.level
        if level in (Level.PATIENT, Level.STUDY):
            yield ElementPath(level)
            return
        if level is Level.INSTANCE and pattern.instance != ANY and pattern.series == ANY:
            uid = self.series_of(pattern.instance)
            chosen = [] if uid is None else [uid]
        elif pattern.series == ANY:
            chosen = list(self._series)
        else:
            chosen = [pattern.series] if pattern.series in self._series else []
        for uid in chosen:
            if level is Level.SERIES:
                yield ElementPath(level, uid)
                continue
            instances = self._series[uid].instances
            sops = instances if pattern.instance == ANY else [pattern.instance]
            yield from (ElementPath(level, uid, sop) for sop in sops if sop in instances)

    def attributes(self, place: ElementPath) -> Mapping[str, Json] | None:
        """Return the attributes of the level that ``place`` names (its steps do not count), None if absent."""
        if place.level is Level.PATIENT:
            return self.patient
        if place.level is Level.STUDY:
            return self.study
        series = self._series.get(place.series)
        if series is None or place.level is Level.SERIES:
            return None if series is None else series.dicom
        instance = series.instances.get(place.instance)
        return None if instance is None else instance.dicom

    def elements(self) -> Iterator[tuple[ElementPath, Json]]:
        """Yield every element at every depth, sequences before what they hold."""
        for place in self.places():
            node = self.attributes(place)
            if node:
                yield from _walk(place, node)

    def places(self) -> Iterator[ElementPath]:
        """Yield each level, series and instance as a path without steps."""
        yield ElementPath(Level.PATIENT)
        yield ElementPath(Level.STUDY)
        for uid, series in self._series.items():
            yield ElementPath(Level.SERIES, uid)
            for sop in series.instances:
                yield ElementPath(Level.INSTANCE, uid, sop)

    def ambiguous_vr(self, path: ElementPath, allowed: tuple[str, ...]) -> str:
        """Choose between the VRs the dictionary leaves open for ``path`` (PS3.6; PS3.3 C.7.6.3)."""
        value = self.get(path)
        if isinstance(value, str):
            return next((vr for vr in allowed if vr in ("OB", "OW")), allowed[0])
        if set(allowed) >= {"US", "SS"}:
            where = ElementPath(path.level, path.series, path.instance, ("PixelRepresentation",))
            numbers = value if isinstance(value, list) else [value]
            negative = any(isinstance(number, int) and number < 0 for number in numbers)
            return "SS" if negative or self.get(where) == 1 else "US"
        return allowed[0]

    def with_patch(self, operations: Sequence[Operation]) -> ImageSetMetadata:
        """Return the document after RFC 6902 ``operations``; raises PatchFailed. This one stays as it is."""
        from curator.imageset.patch import apply_patch

        return apply_patch(self, operations)


def _gunzip(blob: bytes) -> bytes:
    """Return what ``blob`` holds, which may be several gzip members joined (RFC 1952 2.2).

    The size that the trailer names saves growing the buffer step by step, a third of the time; it is believed
    only as far as documents go, and only where one member fills the blob.
    """
    from isal import igzip, igzip_lib

    damaged: type[Exception] = igzip_lib.IsalError  # type: ignore[assignment]
    size = int.from_bytes(blob[-4:], "little")
    try:
        if size <= _LARGEST and blob.find(_GZIP + b"\x08", 1) < 0:
            text = igzip_lib.decompress(blob, flag=igzip_lib.DECOMP_GZIP, bufsize=max(size, 1))
            if len(text) == size:
                return text
        return bytes(igzip.decompress(blob))  # type: ignore[no-untyped-call]
    except (OSError, EOFError, damaged):
        raise InvalidDocument("the metadata document is damaged gzip data") from None


def _member(node: Mapping[str, Json], key: str, where: str) -> Node:
    found = node.get(key)
    if not isinstance(found, dict):
        problem = "is not an object" if key in node else "is missing"
        raise InvalidDocument(f"not a metadata document: {key} of {where} {problem}")
    return found


def _without(node: Node, key: str) -> Node:
    return {name: value for name, value in node.items() if name != key}


def _descend(
    place: ElementPath, node: Mapping[str, Json], steps: tuple[Step, ...]
) -> Iterator[tuple[ElementPath, Json]]:
    """Yield what ``steps`` lead to from the attributes ``node``."""
    if not steps:
        yield place, dict(node)
        return
    key = steps[0]
    if not isinstance(key, str):
        return
    private = PrivateStep.of(key) if key[:1] == "(" else None
    found = key if private is None else private.key_in(dict(node))
    if found is None or found not in node:
        return
    value = node[found]
    here = place.child(found)
    if len(steps) == 1:
        yield here, value
        return
    if not isinstance(value, list):
        return
    wanted = steps[1]
    for number in range(len(value)) if wanted == ANY else (wanted,):
        if isinstance(number, int) and number < len(value):
            item = value[number]
            if len(steps) == 2:
                yield here.child(number), item
            elif isinstance(item, dict):
                yield from _descend(here.child(number), item, steps[2:])


def _walk(place: ElementPath, node: Mapping[str, Json]) -> Iterator[tuple[ElementPath, Json]]:
    for key, value in node.items():
        here = place.child(key)
        yield here, value
        if isinstance(value, list):
            for number, item in enumerate(value):
                if isinstance(item, dict):
                    yield from _walk(here.child(number), item)
