"""An element that the IOD requires with a value is absent or empty.

## What it does
Looks for the Type 1 elements of the mandatory modules of each instance's IOD (PS3.3), and of the items of its
sequences.

## Why is this bad?
The object is not what its SOP class says; viewers refuse it or guess. Where pixels are described (Rows, BitsStored),
a guess shows a wrong image.

## Example
A CT image without RescaleSlope; an MR image without ScanningSequence.

## Fix safety
Report only: the value is not known.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from curator.checks.cases import SC, case, document, instance
from curator.checks.check import DocumentCheck, Tally
from curator.checks.subject import Subject
from curator.dicom import Json
from curator.dicom.iods import Type
from curator.findings import Finding, Severity

CODE = "CUR308"


def run(subject: Subject) -> Iterator[Finding]:
    """Yield one finding an element."""
    tally = Tally(CODE, Severity.WARNING, subject)
    for path, kind, present in subject.missing:
        if kind is Type.REQUIRED:
            tally.add(path, "required (Type 1) and empty" if present else "required (Type 1) and absent")
    yield from tally.findings()


WHOLE: Final[dict[str, Json]] = {
    "SOPClassUID": SC,
    "ConversionType": "WSD",
    "Rows": 2,
    "Columns": 2,
    "SamplesPerPixel": 1,
    "PhotometricInterpretation": "MONOCHROME2",
    "BitsAllocated": 8,
    "BitsStored": 8,
    "HighBit": 7,
    "PixelRepresentation": 0,
}

CHECK = DocumentCheck(
    CODE,
    "type-1-missing",
    Severity.WARNING,
    __doc__,
    run,
    bad=(
        case(
            "no ConversionType",
            document(instance(1, more={**WHOLE, "ConversionType": None}), series={"Modality": "OT"}),
        ),
        case("no Modality", document(instance(1, more=WHOLE), series={"Modality": None})),
    ),
    good=(case("a whole secondary capture", document(instance(1, more=WHOLE), series={"Modality": "OT"})),),
)
