"""An instance has another number of frames than it says.

## What it does
Compares NumberOfFrames (1 where it is absent) with the frames that the service holds of the instance.

## Why is this bad?
Frames were lost or invented: per-frame functional groups and segmentations point at the wrong pictures.

## Example
NumberOfFrames 120, and 119 frames.

## Fix safety
Report only.
"""

from __future__ import annotations

from collections.abc import Iterator

from curator.checks.cases import case, document, instance
from curator.checks.check import DocumentCheck, Tally
from curator.checks.subject import Subject
from curator.findings import Finding, Severity

CODE = "CUR208"


def run(subject: Subject) -> Iterator[Finding]:
    """Yield one finding for each difference."""
    tally = Tally(CODE, Severity.ERROR, subject)
    for place, found in subject.images():
        text = str(found.dicom.get("NumberOfFrames") or "").strip()
        held = len(found.frames)
        if not held and "PixelData" not in found.dicom:
            continue  # spectra have frames and no pixels
        if text.isdigit() and int(text) != held and (held or int(text)):
            tally.add(place.child("NumberOfFrames"), f"{text} said, {held} held")
        elif not text and held > 1:
            tally.add(place.child("NumberOfFrames"), f"not said, {held} frames held")
    yield from tally.findings()


CHECK = DocumentCheck(
    CODE,
    "frame-count",
    Severity.ERROR,
    __doc__,
    run,
    bad=(
        case("one lost", document(instance(1, frames=2, NumberOfFrames="3"))),
        case("not said", document(instance(1, frames=2))),
        case("all lost", document(instance(1, frames=0, NumberOfFrames="3", PixelData=None))),
    ),
    good=(
        case("three of three", document(instance(1, frames=3, NumberOfFrames="3"))),
        case("a single frame", document(instance(1))),
        case("no image", document(instance(1, frames=0))),
        case("a spectrum", document(instance(1, frames=0, NumberOfFrames="1"))),
    ),
)
