"""The planner's own model of what the service makes of a document; shared with no other room.

Every rule of merging that the developer guide leaves open stands here once, marked as an assumption. Property
tests hold the model against the embedded store, which was written from the same sources apart from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias

import msgspec

from curator.dicom import Json
from curator.dicom.levels import Level
from curator.errors import Refused
from curator.imageset import ElementPath, ImageSetMetadata, Instance, SeriesNode
from curator.imageset.equality import equal

SCHEMA_VERSION: Final = 1.1
"""As the guide's examples of UpdateImageSetMetadata write it: a number."""

Node: TypeAlias = "dict[str, Json]"

UID_OF: Final = {
    Level.STUDY: "StudyInstanceUID",
    Level.SERIES: "SeriesInstanceUID",
    Level.INSTANCE: "SOPInstanceUID",
}
"""The attributes by which the document's nodes are keyed (the study has no key of its own)."""


class ModelRefuses(Refused):
    """The service would refuse the call: it does not fit the document."""


def after_update(
    doc: ImageSetMetadata, updatable: bytes | None, removable: bytes | None = None
) -> ImageSetMetadata:
    """Return the document after one UpdateImageSetMetadata with these two JSON blobs.

    Within one call what is removed and what is updated do not meet: the planner sees to that.
    """
    # assumption: a value is kept as it was sent, lists and sequences are replaced whole, removing a private element
    # takes its entry of DICOMVRs along, and a new UID re-keys the document (guide, "Updating image set metadata").
    draft = _Draft(doc)
    for place, node in _places(removable):
        draft.remove(place, node)
    for place, node in _places(updatable):
        draft.update(place, node)
    return draft.document()


class _Draft:
    """The next version being made: levels are copied when they are first written to."""

    def __init__(self, doc: ImageSetMetadata) -> None:
        self.doc = doc
        self.patient: Node = dict(doc.patient_node)
        self.study: Node = dict(doc.study_node)
        self.series = dict(doc.series)
        self.instances: dict[str, dict[str, Instance]] = {}  # of the series that were written to
        self.moves: list[tuple[ElementPath, str]] = []

    def _node(self, place: ElementPath) -> Node:
        """Return a copy of a level's node that may be written to, put in its place already."""
        if place.level is Level.PATIENT:
            return self.patient
        if place.level is Level.STUDY:
            return self.study
        series = self.series.get(place.series)
        if series is None:
            raise ModelRefuses("the call speaks of a series that is not there")
        if place.level is Level.SERIES:
            node = dict(series.node)
            self.series[place.series] = SeriesNode(node, dict(series.instances))
            return node
        instances = self._instances(place.series)
        found = instances.get(place.instance)
        if found is None:
            raise ModelRefuses("the call speaks of an instance that is not there")
        node = dict(found.node)
        instances[place.instance] = Instance(None, node)
        return node

    def _instances(self, uid: str) -> dict[str, Instance]:
        if uid not in self.series:
            raise ModelRefuses("the call speaks of a series that is not there")
        if uid not in self.instances:
            self.instances[uid] = dict(self.series[uid].instances)
        return self.instances[uid]

    def remove(self, place: ElementPath, said: Node) -> None:
        if not said:
            gone: object = (
                self.series.pop(place.series, None)
                if place.level is Level.SERIES
                else self._instances(place.series).pop(place.instance, None)
            )
            if gone is None:
                raise ModelRefuses("the call removes a series or an instance that is not there")
            return
        node = self._node(place)
        elements = dict(_object(node, "DICOM"))
        vrs = dict(_object(node, "DICOMVRs"))
        for key, value in _object(said, "DICOM").items():
            if key not in elements or not equal(elements[key], value):
                raise ModelRefuses("a value to be removed is not the one that is there")
            del elements[key]
            vrs.pop(key, None)
        node["DICOM"] = elements
        if "DICOMVRs" in node:
            node["DICOMVRs"] = vrs

    def update(self, place: ElementPath, said: Node) -> None:
        node = self._node(place)
        node["DICOM"] = {**_object(node, "DICOM"), **_object(said, "DICOM")}
        if vrs := _object(said, "DICOMVRs"):
            node["DICOMVRs"] = {**_object(node, "DICOMVRs"), **vrs}
        uid = _object(said, "DICOM").get(UID_OF.get(place.level, ""))
        if isinstance(uid, str) and place.level in (Level.SERIES, Level.INSTANCE):
            self.moves.append((place, uid))

    def document(self) -> ImageSetMetadata:
        """Return the next version; nodes with new UIDs under their new keys, instances before their series."""
        for place, uid in self.moves:
            if place.level is Level.INSTANCE:
                instances = self._instances(place.series)
                instances[uid] = instances.pop(place.instance)
        for name, changed in self.instances.items():
            if name in self.series:
                self.series[name] = SeriesNode(self.series[name].node, changed)
        for place, uid in self.moves:
            if place.level is Level.SERIES:
                self.series[uid] = self.series.pop(place.series)
        return ImageSetMetadata(dict(self.doc.head), self.patient, self.study, self.series)


def after_copy(
    source: ImageSetMetadata,
    destination: ImageSetMetadata | None,
    chosen: Mapping[str, Sequence[str]] | None,
) -> ImageSetMetadata:
    """Return the destination after one CopyImageSet of ``chosen`` instances by series (None: of all).

    Without a destination the copy is a new image set with the source's Patient, Study and Series. With one, its
    own stay (guide, "Copying an image set"). Raises `ModelRefuses` where an instance is there already.
    """
    # assumption: an instance is copied as it is, with the ids of its image frames.
    base = destination if destination is not None else source
    series = {uid: SeriesNode(node.node, dict(node.instances)) for uid, node in base.series.items()}
    if destination is None:
        series = {uid: SeriesNode(node.node, {}) for uid, node in series.items()}
    present = {sop for node in series.values() for sop in node.instances}
    for uid, node in source.series.items():
        wanted = node.instances if chosen is None else chosen.get(uid, ())
        if not wanted:
            continue
        if uid not in series:
            raise ModelRefuses("the image sets to be merged hold different series")
        copied = {sop: node.instances[sop] for sop in wanted}
        if present & copied.keys():
            raise ModelRefuses("an instance of the same SOP Instance UID is there already")
        series[uid] = SeriesNode(series[uid].node, {**series[uid].instances, **copied})
    if destination is None:
        # assumption: a series none of whose instances was copied is not in the new image set.
        series = {uid: node for uid, node in series.items() if node.instances}
    return ImageSetMetadata(dict(base.head), dict(base.patient_node), dict(base.study_node), series)


def copiable_of(chosen: Mapping[str, Sequence[str]]) -> dict[str, Json]:
    """Return ``copiableAttributes`` that name these instances by series."""
    series: dict[str, Json] = {}
    for uid, sops in chosen.items():
        instances: dict[str, Json] = {sop: {} for sop in sops}
        series[uid] = {"Instances": instances}
    return {"SchemaVersion": "1.1", "Study": {"Series": series}}


def _places(blob: bytes | None) -> Iterator[tuple[ElementPath, dict[str, Json]]]:
    """Yield each level that a blob speaks of, with what it says there."""
    if blob is None:
        return
    tree = msgspec.json.decode(blob)
    if "Patient" in tree:
        yield ElementPath(Level.PATIENT), tree["Patient"]
    study = tree.get("Study")
    if study is None:
        return
    if "DICOM" in study:
        yield ElementPath(Level.STUDY), study
    for uid, series in study.get("Series", {}).items():
        if "DICOM" in series or not series:
            yield ElementPath(Level.SERIES, uid), series
        for sop, instance in series.get("Instances", {}).items():
            yield ElementPath(Level.INSTANCE, uid, sop), instance


def renamed(place: ElementPath, uid: str) -> ElementPath:
    """Return the place of a series or an instance under another UID."""
    if place.level is Level.SERIES:
        return ElementPath(Level.SERIES, uid)
    return ElementPath(Level.INSTANCE, place.series, uid)


def _object(node: Mapping[str, Json], key: str) -> dict[str, Json]:
    found = node.get(key)
    return found if isinstance(found, dict) else {}
