"""The metadata document of an image set at a version: read-only, and parsed only as far as asked.

    {SchemaVersion, DatastoreID, ImageSetID,
     Patient {DICOM},
     Study   {DICOM, Series {UID {DICOM, Instances {UID {DICOM, DICOMVRs, ImageFrames …}}}}}}

A document may be 50 MB of JSON, nearly all of it instances. Parsing finds where each instance begins and ends
and leaves it as bytes until somebody looks inside; two versions are compared mostly by those bytes.

What is handed out is read-only by type; `ImageSetMetadata.to_json` gives a copy of one's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

import msgspec

from curator.dicom import Json
from curator.dicom.dictionary import vrs
from curator.dicom.levels import Level
from curator.imageset.finding import descend, walk
from curator.imageset.instance import OBJECT, Instance, Node, SeriesNode, collector_off, object_at
from curator.imageset.path import ANY, ElementPath, steps_text
from curator.imageset.reading import levels_of_bytes, levels_of_tree

__all__ = ["ImageSetMetadata"]


class ImageSetMetadata:
    """A metadata document. Equality is `curator.imageset.same`; there are no setters: see `apply_patch`."""

    __slots__ = ("_head", "_index", "_ordinals", "_patient", "_series", "_study")

    def __init__(self, head: Node, patient: Node, study: Node, series: dict[str, SeriesNode]) -> None:
        self._head = head  # everything at the top but Patient and Study
        self._patient = patient
        self._study = study  # without Series
        self._series = series
        self._index: dict[str, str] | None = None
        self._ordinals: dict[str, int] | None = None

    def __reduce__(self) -> tuple[object, ...]:
        return ImageSetMetadata.parse, (self.encode(),)  # another process gets it unparsed too

    # --------------------------------------------------------------------------------------- in and out

    @classmethod
    def parse(cls, blob: bytes) -> ImageSetMetadata:
        """Return the document in ``blob``, JSON as UTF-8, gzipped (as the service sends it) or plain.

        Raises InvalidDocument. The inside of an instance is checked when it is first looked at.
        """
        return cls(*levels_of_bytes(blob))

    @classmethod
    def from_json(cls, tree: Mapping[str, Json]) -> ImageSetMetadata:
        """Return the document that a parsed JSON object holds; the object must not be changed afterwards.

        Raises InvalidDocument, naming the member that is missing or of the wrong kind.
        """
        return cls(*levels_of_tree(tree))

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
            return OBJECT.decode(self.encode())

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
        if path.is_pattern or not path.steps:
            return next((value for _, value in self.find(path)), default)
        found: object = self.attributes(path)
        for step in path.steps:
            if isinstance(step, str):
                if not isinstance(found, dict) or step not in found:
                    return default
                found = found[step]
            else:
                if not isinstance(found, list) or step >= len(found):
                    return default
                found = found[step]
        return cast(Json, found)

    def has(self, path: ElementPath) -> bool:
        """Say whether there is an element (or level) at ``path``, empty or not."""
        return next(self.find(path), None) is not None

    def find(self, pattern: ElementPath) -> Iterator[tuple[ElementPath, Json]]:
        """Yield each element that ``pattern`` matches, as (its concrete path, its value).

        Series are resolved: ``Instances[UID]`` comes back as ``Series[UID]/Instances[UID]``; private elements
        by creator come back under the key they have in that instance. A path without steps yields the
        level's attributes.
        """
        for place in self._matching(pattern):
            node = self.attributes(place)
            if node is not None:
                yield from descend(place, node, pattern.steps)

    def _matching(self, pattern: ElementPath) -> Iterator[ElementPath]:
        """Yield the levels, series and instances that ``pattern`` matches, as paths without steps."""
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
                yield from walk(place, node)

    def places(self) -> Iterator[ElementPath]:
        """Yield each level, series and instance as a path without steps."""
        yield ElementPath(Level.PATIENT)
        yield ElementPath(Level.STUDY)
        for uid, series in self._series.items():
            yield ElementPath(Level.SERIES, uid)
            for sop in series.instances:
                yield ElementPath(Level.INSTANCE, uid, sop)

    # --------------------------------------------------------------------------------------- of one element

    def vr_of(self, path: ElementPath) -> str:
        """Return an element's VR: from the dictionary, or for private elements the instance's ``DICOMVRs``.

        Where the dictionary leaves a choice (US or SS), PixelRepresentation decides, then the value's kind.
        UN when nothing is known.
        """
        tag = path.tag
        allowed = () if tag is None else vrs(tag)
        if len(allowed) == 1:
            return allowed[0]
        if allowed:
            return self._ambiguous_vr(path, allowed)
        if path.level is Level.INSTANCE and len(path.steps) == 1:
            found = self.instance(path.instance)
            # A private sequence's entry is an object: the VRs of what its items hold.
            said: Json = found.vrs.get(path.key, "UN") if found is not None else "UN"
            return said if isinstance(said, str) else "SQ"
        value = self.get(path)
        items = isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)
        return "SQ" if items else "UN"

    def _ambiguous_vr(self, path: ElementPath, allowed: tuple[str, ...]) -> str:
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

    def anonymous(self, path: ElementPath) -> str:
        """Return a path's text with ordinals for UIDs (``instance 17 of 120/…``): fit for logs and errors."""
        if path.instance not in ("", ANY):
            place = f"instance {self.instance_ordinal(path.instance)} of {self.instance_count}"
        elif path.series not in ("", ANY):
            place = f"series {self.series_ordinal(path.series)} of {len(self._series)}"
            place += "/Instances[*]" if path.level is Level.INSTANCE else ""
        else:
            return str(path)
        return "/".join(filter(None, (place, steps_text(path.steps))))
