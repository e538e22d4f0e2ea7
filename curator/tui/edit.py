"""One element changed or removed by one UpdateImageSetMetadata call. No Textual in here.

The guide, "Updating image set metadata": updates are nested as the document is; a removal repeats the existing
value; UIDs, StudyID, sequences, multi-valued and private elements need ``force``.
"""

from __future__ import annotations

import copy
from typing import Final

import msgspec

from curator.dicom import Json
from curator.dicom.dictionary import multi_valued
from curator.dicom.levels import Level
from curator.imageset import ElementPath, ImageSetMetadata
from curator.tui.elements import BINARY, items_of

MOST_BYTES: Final = 10_000
"""The service's quota of a call's payload; assumption: raw bytes."""

_INTEGERS: Final = frozenset(("SL", "SS", "SV", "UL", "US", "UV"))
_NUMBERS: Final = frozenset(("FD", "FL"))
_FORCED: Final = frozenset(("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "StudyID"))
_FIXED: Final = frozenset(("PixelData",))


def editable(document: ImageSetMetadata, path: ElementPath, value: Json) -> bool:
    """Tell whether the element is text or numbers on one line, which somebody can type."""
    return (
        path.key not in _FIXED
        and isinstance(path.steps[-1], str)
        and not isinstance(value, dict)
        and items_of(value) is None
        and path.vr(document) not in {*BINARY, "SQ"}
    )


def parsed(text: str, path: ElementPath, vr: str, before: Json) -> Json:
    r"""Return the JSON value of what was typed: ``\`` separates values where there can be several.

    Raises ValueError when a number is expected and something else was typed.
    """
    many = isinstance(before, list) or (path.tag is not None and multi_valued(path.tag))
    if text == "":
        return None
    if many:
        return [_scalar(part, vr) for part in text.split("\\")]
    return _scalar(text, vr)


def _scalar(text: str, vr: str) -> Json:
    if vr in _INTEGERS:
        return int(text)
    if vr in _NUMBERS:
        number = float(text)
        return int(number) if number.is_integer() else number
    return text


def problem(value: Json, vr: str, path: ElementPath) -> str:
    """Return why the value is not valid for its VR, or ``""``."""
    from curator.dicom import vr as representations
    from curator.dicom.dictionary import attribute

    found = attribute(path.tag) if path.tag is not None else None
    return representations.problem(vr, value, vm=found.vm if found else "1-n") or ""


def needs_force(path: ElementPath, vr: str, value: Json, before: Json) -> str:
    """Return why the service wants ``force`` for this change, or ``""``."""
    if len(path.steps) > 1:
        return "it stands in a sequence, which is written whole"
    if path.is_private:
        return "it is a private element"
    if path.key in _FORCED:
        return (
            "it identifies the study, series or instance" if path.key != "StudyID" else "it is the Study ID"
        )
    if isinstance(value, list) or isinstance(before, list):
        return "it has several values"
    if problem(value, vr, path):
        return "the value is not valid for its VR"
    return ""


def updatable(document: ImageSetMetadata, path: ElementPath, value: Json) -> bytes:
    """Return the ``updatableAttributes`` that set the element at ``path``."""
    return msgspec.json.encode(_nested(document, path, _top_value(document, path, value)))


def removable(document: ImageSetMetadata, path: ElementPath) -> bytes:
    """Return the ``removableAttributes`` that remove the element on its level, its value repeated."""
    return msgspec.json.encode(_nested(document, path, document.get(path)))


def _top_value(document: ImageSetMetadata, path: ElementPath, value: Json) -> Json:
    """Return the value of the element on the level: for one in a sequence, the sequence with it changed."""
    if len(path.steps) == 1:
        return value
    top = copy.deepcopy(document.get(path.at_level().child(path.steps[0])))
    here: Json = top
    for step in path.steps[1:-1]:
        here = here[step]  # type: ignore[index]
    assert isinstance(here, dict)
    here[str(path.steps[-1])] = value
    return top


def _nested(document: ImageSetMetadata, path: ElementPath, value: Json) -> dict[str, Json]:
    key = path.top
    level: dict[str, Json] = {"DICOM": {key: value}}
    if path.level is Level.INSTANCE and path.at_level().child(key).is_private:
        instance = document.instance(path.instance)
        vr = instance.vrs.get(key) if instance is not None else None
        if vr:
            level["DICOMVRs"] = {key: vr}
    version = document.head.get("SchemaVersion", "1.1")
    if path.level is Level.PATIENT:
        return {"SchemaVersion": version, "Patient": level}
    if path.level is Level.STUDY:
        return {"SchemaVersion": version, "Study": level}
    if path.level is Level.INSTANCE:
        level = {"Instances": {path.instance: level}}
    return {"SchemaVersion": version, "Study": {"Series": {path.series: level}}}
