"""Where slices lie: position along the normal of the image plane (PS3.3 C.7.6.2.1.1)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

from curator.checks.subject import Subject
from curator.dicom import Json
from curator.imageset import ElementPath, Instance

Vector = tuple[float, float, float]

_DISCRIMINATING: Final = (
    "ImageType",
    "AcquisitionNumber",
    "AcquisitionTime",
    "AcquisitionDateTime",
    "TemporalPositionIdentifier",
    "TriggerTime",
    "FrameReferenceTime",
    "EchoTime",
    "EchoNumbers",
    "InversionTime",
    "FlipAngle",
    "RepetitionTime",
    "DiffusionBValue",
    "DiffusionGradientOrientation",
    "ConvolutionKernel",
    "ReconstructionDiameter",
    "KVP",
    "RescaleType",
    "Units",
    "SOPClassUID",
)
"""What tells apart images that lie at the same place: phases, echoes, kernels."""


@dataclass(frozen=True, slots=True)
class Slice:
    """One image: the distance of its plane from the origin along the normal, in mm, and its corner across it."""

    path: ElementPath
    distance: float
    corner: tuple[float, float, float]
    checksum: str = field(repr=False)
    apart: tuple[str, ...] = field(repr=False)


def stacks(subject: Subject) -> list[list[Slice]]:
    """Return the single-frame images by series, frame of reference and orientation, each stack along its normal."""
    found: dict[tuple[str, Vector, Vector], list[Slice]] = defaultdict(list)
    for place, instance in subject.images():
        kind = instance.dicom.get("ImageType")
        if isinstance(kind, list) and "LOCALIZER" in kind:
            continue
        orientation, position = (
            _numbers(instance.dicom.get("ImageOrientationPatient")),
            _numbers(instance.dicom.get("ImagePositionPatient")),
        )
        if len(orientation) != 6 or len(position) != 3 or len(instance.frames) > 1:
            continue
        rounded = [round(each, 3) + 0.0 for each in orientation]
        row, column = (rounded[0], rounded[1], rounded[2]), (rounded[3], rounded[4], rounded[5])
        distance = sum(a * b for a, b in zip(_cross(orientation), position, strict=True))
        found[place.series, row, column].append(
            Slice(
                place,
                distance,
                (position[0], position[1], position[2]),
                _checksum(instance),
                _apart(instance),
            )
        )
    return [sorted(stack, key=lambda each: each.distance) for stack in found.values()]


def _cross(orientation: list[float]) -> Vector:
    a, b = orientation[:3], orientation[3:]
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


def _numbers(value: Json) -> list[float]:
    if not isinstance(value, list):
        return []
    try:
        return [float(each) for each in value if isinstance(each, str | int | float)]
    except ValueError:
        return []


def _checksum(instance: Instance) -> str:
    """Return the checksums of the frames as text; empty where there are none."""
    found = [frame.get("PixelDataChecksumFromBaseToFullResolution") for frame in instance.frames]
    return str(found) if any(found) else ""


def _apart(instance: Instance) -> tuple[str, ...]:
    return tuple(str(instance.dicom.get(keyword)) for keyword in _DISCRIMINATING)
