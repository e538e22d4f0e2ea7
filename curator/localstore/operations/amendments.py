"""An UpdateImageSetMetadata request: what it changes, and whether it may (guide, "DICOM metadata constraints").

Only what the request alone shows is judged here, at once; what needs the document is judged when the change
is applied (`applying`) and makes the operation fail. Messages name attributes, never values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from curator.dicom import Json, dictionary, levels, vr
from curator.dicom.levels import Level
from curator.localstore.faults import invalid, shown

NEVER = frozenset(
    {"SchemaVersion", "DatastoreID", "ImageSetID", "PixelData", "7FE00010", "Checksum", "Width", "Height"}
    | {"MinPixelValue", "MaxPixelValue", "FrameSizeInBytes"}
)
"""Never updated nor removed, with ``force`` either. assumption: PixelData too, which the guide lists twice."""

IDENTIFIERS = {
    "StudyInstanceUID": Level.STUDY,
    "SeriesInstanceUID": Level.SERIES,
    "SOPInstanceUID": Level.INSTANCE,
}
_FORCED = frozenset({*IDENTIFIERS, "StudyID"})
_UID = re.compile(r"(?=.{1,64}$)[0-9]+(\.[0-9]+)*")
_DEEPEST = 64


@dataclass(slots=True)
class Amendment:
    """What a request says of one Patient, Study, Series or instance."""

    update: dict[str, Json] = field(default_factory=dict)
    remove: dict[str, Json] = field(default_factory=dict)
    vrs: dict[str, Json] = field(default_factory=dict)
    """``DICOMVRs`` that come with new private elements."""
    gone: bool = False
    """The whole Series or instance is removed."""

    def keys(self) -> Iterator[str]:
        """Iterate over the attributes that are changed."""
        yield from self.remove
        yield from self.update


@dataclass(slots=True)
class Amendments:
    """A request taken apart: by level, by Series UID, by Series and SOP Instance UID."""

    patient: Amendment = field(default_factory=Amendment)
    study: Amendment = field(default_factory=Amendment)
    series: dict[str, Amendment] = field(default_factory=dict)
    instances: dict[str, dict[str, Amendment]] = field(default_factory=dict)

    def each(self) -> Iterator[tuple[Level, Amendment]]:
        """Iterate over all amendments with their level."""
        yield Level.PATIENT, self.patient
        yield Level.STUDY, self.study
        for series in self.series.values():
            yield Level.SERIES, series
        for instances in self.instances.values():
            for instance in instances.values():
                yield Level.INSTANCE, instance

    def series_at(self, uid: str) -> Amendment:
        """Return the amendment of a Series, making it."""
        return self.series.setdefault(uid, Amendment())

    def instance_at(self, series: str, uid: str) -> Amendment:
        """Return the amendment of an instance, making it."""
        return self.instances.setdefault(series, {}).setdefault(uid, Amendment())


def read_amendments(updatable: bytes | None, removable: bytes | None, *, force: bool) -> Amendments:
    """Return what both blobs ask for; ValidationException for what the request alone shows to be wrong."""
    found = Amendments()
    for name, blob in (("removableAttributes", removable), ("updatableAttributes", updatable)):
        if blob is not None:
            _read(found, name, blob)
    for level, amendment in found.each():
        for key in amendment.remove:
            _may_change(level, key, force)
            if key in IDENTIFIERS:
                # assumption: an image set cannot lose what it is addressed by.
                raise invalid(f"{key} cannot be removed")
        for key, value in amendment.update.items():
            _may_change(level, key, force)
            _may_be(key, value, force)
    return found


def _read(found: Amendments, name: str, blob: bytes) -> None:
    removing = name == "removableAttributes"
    try:
        content = msgspec.json.decode(blob)
    except (ValueError, RecursionError):
        raise invalid(f"{name} is not JSON") from None
    top = _object(content, name, {"SchemaVersion", "Patient", "Study"})
    if str(top.get("SchemaVersion")) != "1.1":  # a number or text: the guide's examples write both
        raise invalid(f"{name} must have SchemaVersion 1.1")
    if "Patient" in top:
        _collect(found.patient, _object(top["Patient"], "Patient", {"DICOM"}), removing)
    study = _object(top.get("Study", {}), "Study", {"DICOM", "Series"})
    _collect(found.study, study, removing)
    for uid, given in _object(study.get("Series", {}), "Series").items():
        series = _object(given, "a Series", {"DICOM", "Instances"})
        target = found.series_at(uid)
        target.gone = target.gone or (removing and not series)
        _collect(target, series, removing)
        for sop, one in _object(series.get("Instances", {}), "Instances").items():
            instance = _object(one, "an instance", {"DICOM", "DICOMVRs"})
            inner = found.instance_at(uid, sop)
            inner.gone = inner.gone or (removing and not instance)
            _collect(inner, instance, removing)
            if not removing:
                inner.vrs.update(_vrs(instance.get("DICOMVRs", {})))


def _object(value: Json, name: str, allowed: set[str] | None = None) -> dict[str, Json]:
    """Return a JSON object; ValidationException when it is none or has keys that do not belong there."""
    if not isinstance(value, dict):
        raise invalid(f"{name} must be a JSON object")
    for key in value:
        if allowed is not None and key not in allowed:
            if key in NEVER:
                raise invalid(f"{key} is generated by HealthImaging and cannot be updated")
            raise invalid(f"{name} has no {shown(key)}")
    return value


def _vrs(given: Json) -> dict[str, Json]:
    vrs = _object(given, "DICOMVRs")
    for key, value in vrs.items():
        if not isinstance(value, str) or value not in vr.VRS:
            raise invalid(f"DICOMVRs gives {shown(key)} what is no VR")
    return vrs


def _collect(target: Amendment, given: Mapping[str, Json], removing: bool) -> None:
    attributes = _object(given.get("DICOM", {}), "DICOM")
    for key, value in attributes.items():
        if _too_deep(value, _DEEPEST):
            raise invalid(f"The value of {shown(key)} is nested too deeply")
    (target.remove if removing else target.update).update(attributes)


def _too_deep(value: Json, left: int) -> bool:
    if not isinstance(value, list | dict):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return left == 0 or any(_too_deep(each, left - 1) for each in inner)


def _may_change(level: Level, key: str, force: bool) -> None:
    """Judge whether an attribute may be changed at all at this level."""
    if key in NEVER:
        raise invalid(f"{key} is generated by HealthImaging and cannot be updated")
    tag = dictionary.tag_of_key(key)
    if tag is None:
        if not force:
            raise invalid(f"{shown(key)} is not an attribute of the DICOM standard")
        return
    if key != dictionary.key_of_tag(tag):
        # assumption: an attribute is addressed as the document spells it, and not by any other name.
        raise invalid(f"{shown(key)} must be given as {dictionary.key_of_tag(tag)}")
    private = dictionary.is_private(tag)
    if private and level is not Level.INSTANCE:
        raise invalid(f"{key} is private, and private attributes are at the instance level only")
    if level is not levels.level_of(tag):
        raise invalid(f"{key} is not an attribute of the {level.value} level")
    if force:
        return
    attribute = dictionary.attribute(tag)
    if private or key in _FORCED:
        raise invalid(f"{key} can be updated only with force")
    if attribute is None or not attribute.serviceable:
        raise invalid(f"{key} is not an attribute of the DICOM standard")
    if attribute.vr == "SQ" or dictionary.multi_valued(tag):
        raise invalid(f"{key} is a sequence or multi-valued, and can be updated only with force")


def _may_be(key: str, value: Json, force: bool) -> None:
    """Judge a new value."""
    if key in IDENTIFIERS and not (isinstance(value, str) and _UID.fullmatch(value)):
        # assumption: with force too, since the document is keyed by it.
        raise invalid(f"The value of {key} is not a UID")
    if force:
        return
    tag = dictionary.tag_of_key(key)
    attribute = None if tag is None else dictionary.attribute(tag)
    if attribute is None:
        return
    reasons = [vr.problem(each, value, vm=attribute.vm) for each in dictionary.vrs(attribute.tag)]
    if reasons and all(reasons):
        raise invalid(f"The value of {key} is not valid for its VR {attribute.vr}: {reasons[0]}")
