"""Pixels may show who the patient is.

## What it does
Finds instances that say their annotation is burned in, and those of kinds that often carry it (ultrasound, secondary
capture, endoscopy, photographs, angiography, fluoroscopy, documents, video, screen saves, derived captures) unless
BurnedInAnnotation is NO. Overlays in unused bits, values above BitsStored and nested pixels count too.

## Why is this bad?
Text in pixels cannot be removed inside HealthImaging; `deidentify` quarantines such instances unless a person cleared
them.

## Example
An ultrasound clip with name and birth date in its upper left corner.

## Fix safety
Report only: look at the frames.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from curator.checks.cases import SC, case, document, instance
from curator.checks.check import DocumentCheck, Tally
from curator.checks.subject import Subject
from curator.dicom import Json
from curator.findings import Finding, Severity
from curator.imageset import ElementPath, Instance

CODE = "CUR502"
_RISKY_MODALITIES: Final = frozenset(("US", "SC", "ES", "XC", "OT", "XA", "RF", "BDUS", "IVUS", "DOC", "DG"))
_ROOT: Final = "1.2.840.10008.5.1.4.1.1."
_RISKY_CLASSES: Final = {
    f"{_ROOT}{suffix}": kind
    for suffixes, kind in (
        (("7", "7.1", "7.2", "7.3", "7.4"), "a secondary capture"),
        (("3", "3.1", "6", "6.1"), "ultrasound"),
        (("77.1.1.1", "77.1.2.1", "77.1.4.1"), "video"),
        (("104.1", "104.2", "104.3"), "an encapsulated document"),
    )
    for suffix in suffixes
}


def run(subject: Subject) -> Iterator[Finding]:
    """Yield one finding for each reason."""
    tally = Tally(CODE, Severity.WARNING if subject.deidentified else Severity.NOTE, subject)
    for place, found in subject.images():
        modality = str(subject.doc.series[place.series].dicom.get("Modality") or "").strip()
        for path, reason in _risks(place, found, modality):
            tally.add(path, reason)
    yield from tally.findings()


def _risks(place: ElementPath, found: Instance, modality: str) -> Iterator[tuple[ElementPath, str]]:
    dicom = found.dicom
    burned = str(dicom.get("BurnedInAnnotation") or "").strip().upper()
    if burned == "YES":
        yield place.child("BurnedInAnnotation"), "YES: text is burned into the pixels"
    elif burned != "NO" and (reason := _kind(found, modality)):
        yield place.child("BurnedInAnnotation"), f"not NO, and the instance is {reason}"
    yield from ((place.child(key), reason) for key, reason in _hidden(found))


def _kind(found: Instance, modality: str) -> str:
    if reason := _RISKY_CLASSES.get(str(found.dicom.get("SOPClassUID") or "")):
        return reason
    if not found.frames:
        return ""
    if modality in _RISKY_MODALITIES:
        return f"of modality {modality}"
    kind = found.dicom.get("ImageType")
    words = [str(word).upper() for word in kind] if isinstance(kind, list) else []
    if any("SCREEN" in word and "SAVE" in word for word in words):
        return "a screen save"
    return "a derived secondary image" if words[:2] == ["DERIVED", "SECONDARY"] else ""


def _hidden(found: Instance) -> Iterator[tuple[str, str]]:
    """Yield what may hide beside the pixels that viewers show."""
    dicom = found.dicom
    stored = dicom.get("BitsStored")
    for key, value in dicom.items():
        if key.startswith("60") and key.endswith("0102") and isinstance(value, int) and value > 0:
            yield key, "an overlay in unused bits of the pixels"
        if isinstance(value, list) and any(isinstance(item, dict) and "PixelData" in item for item in value):
            yield key, "holds an image of its own"
    if isinstance(stored, int) and found.frames and dicom.get("PixelRepresentation") == 0:
        greatest = max((_number(frame.get("MaxPixelValue")) for frame in found.frames), default=0)
        if greatest >= 2**stored:
            yield "BitsStored", "pixel values go beyond it"


def _number(value: Json) -> float:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else 0


CHECK = DocumentCheck(
    CODE,
    "pixel-risk",
    Severity.WARNING,
    __doc__,
    run,
    bad=(
        case("a secondary capture", document(instance(1, SOPClassUID=SC), series={"Modality": "OT"})),
        case("says so", document(instance(1, BurnedInAnnotation="YES"))),
        case("an overlay in the pixels", document(instance(1, more={"60000102": 12}))),
        case("beyond its bits", document(instance(1, BitsStored=0, PixelRepresentation=0))),
    ),
    good=(
        case("a CT slice", document(instance(1, ImageType=["ORIGINAL", "PRIMARY", "AXIAL"]))),
        case("a cleared capture", document(instance(1, SOPClassUID=SC, BurnedInAnnotation="NO"))),
    ),
)
