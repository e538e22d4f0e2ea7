"""The planner's own model of what the service makes of a document; shared with no other room.

Every rule of merging that the developer guide leaves open stands here once, marked as an assumption. Property
tests hold the model against the embedded store, which was written from the same sources apart from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from curator.dicom import Json
from curator.dicom.levels import Level
from curator.errors import Refused
from curator.imageset import ElementPath, ImageSetMetadata, SeriesNode, apply_patch

SCHEMA_VERSION: Final = 1.1
"""As the guide's examples of UpdateImageSetMetadata write it: a number."""

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

    Assumptions (guide, "Updating image set metadata", says less): lists and sequences are replaced whole;
    within one call what is removed and what is updated do not meet, and the planner sees to that; removing a
    private element takes its entry of ``DICOMVRs`` along; a new UID re-keys the document.
    """
    operations: list[Mapping[str, Json]] = []
    rekeys: list[Mapping[str, Json]] = []
    for place, node in _places(removable):
        operations += _removals(doc, place, node)
    for place, node in _places(updatable):
        operations += _updates(doc, place, node)
        rekeys = [*_rekeys(place, node), *rekeys]  # instances are addressed below their series' old UID
    return apply_patch(doc, [*operations, *rekeys])


def after_copy(
    source: ImageSetMetadata,
    destination: ImageSetMetadata | None,
    chosen: Mapping[str, Sequence[str]] | None,
) -> ImageSetMetadata:
    """Return the destination after one CopyImageSet of ``chosen`` instances by series (None: of all).

    Without a destination the copy is a new image set with the source's Patient, Study and Series. With one, its
    own stay (guide, "Copying an image set"). Raises `ModelRefuses` where an instance is there already.
    """
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


def instances_of(copiable: Mapping[str, Json]) -> dict[str, list[str]]:
    """Return the instances by series that ``copiableAttributes`` name."""
    study = copiable["Study"]
    assert isinstance(study, dict)
    series = study["Series"]
    assert isinstance(series, dict)
    found: dict[str, list[str]] = {}
    for uid, node in series.items():
        assert isinstance(node, dict)
        instances = node["Instances"]
        assert isinstance(instances, dict)
        found[uid] = list(instances)
    return found


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


def _removals(
    doc: ImageSetMetadata, place: ElementPath, node: dict[str, Json]
) -> Iterator[Mapping[str, Json]]:
    base = place.base_pointer()
    if not node:
        yield {"op": "remove", "path": base}
        return
    vrs = _vrs(doc, place)
    for key, value in _object(node, "DICOM").items():
        yield {"op": "test", "path": place.child(key).pointer(), "value": value}
        yield {"op": "remove", "path": place.child(key).pointer()}
        if key in vrs:
            yield {"op": "remove", "path": f"{base}/DICOMVRs/{key}"}


def _updates(
    doc: ImageSetMetadata, place: ElementPath, node: dict[str, Json]
) -> Iterator[Mapping[str, Json]]:
    if doc.attributes(place) is None:
        raise ModelRefuses("the call speaks of a series or an instance that is not there")
    for key, value in _object(node, "DICOM").items():
        yield {"op": "add", "path": place.child(key).pointer(), "value": value}
    given = _object(node, "DICOMVRs")
    pointer = f"{place.base_pointer()}/DICOMVRs"
    if given and not _vrs(doc, place):
        yield {"op": "add", "path": pointer, "value": {}}
    for key, vr in given.items():
        yield {"op": "add", "path": f"{pointer}/{key}", "value": vr}


def _rekeys(place: ElementPath, node: dict[str, Json]) -> Iterator[Mapping[str, Json]]:
    """Yield the move of a node to its new key; instances are addressed before their series moves."""
    uid = _object(node, "DICOM").get(UID_OF.get(place.level, ""))
    old = place.instance or place.series
    if isinstance(uid, str) and place.level in (Level.SERIES, Level.INSTANCE) and uid != old:
        yield {"op": "move", "from": place.base_pointer(), "path": renamed(place, uid).base_pointer()}


def renamed(place: ElementPath, uid: str) -> ElementPath:
    """Return the place of a series or an instance under another UID."""
    if place.level is Level.SERIES:
        return ElementPath(Level.SERIES, uid)
    return ElementPath(Level.INSTANCE, place.series, uid)


def _vrs(doc: ImageSetMetadata, place: ElementPath) -> dict[str, Json]:
    series = doc.series.get(place.series)
    instance = series.instances.get(place.instance) if series is not None else None
    return {} if instance is None else _object(instance.node, "DICOMVRs")


def _object(node: Mapping[str, Json], key: str) -> dict[str, Json]:
    found = node.get(key)
    return found if isinstance(found, dict) else {}
