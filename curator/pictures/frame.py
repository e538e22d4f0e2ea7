"""The frames of an image set, each with what its instance says of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from curator.dicom import Json
from curator.imageset import ImageSetMetadata
from curator.pictures.values import decimal, decimals

_MACROS: Final = ("FrameVOILUTSequence", "PixelValueTransformationSequence", "PixelMeasuresSequence")
"""Functional groups that say how a frame of an enhanced object is shown (PS3.3 C.7.6.16.2.10, .9 and .1)."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: its number over the whole image set, from 1, its index in its instance, from 0, and what is said of it.

    ``facts`` is its entry of ImageFrames, ``attributes`` are its instance's.
    """

    number: int
    series: str = field(repr=False)
    instance: str = field(repr=False)
    index: int
    facts: Mapping[str, Json] = field(repr=False)
    attributes: Mapping[str, Json] = field(repr=False)
    stored: str = ""
    """The transfer syntax it is stored in, where the service says so."""

    @property
    def id(self) -> str:
        """The frame's id, by which GetImageFrame gives it."""
        return str(self.facts.get("ID", ""))

    @property
    def described(self) -> Mapping[str, Json]:
        """The attributes with what the functional groups say of this very frame on top."""
        return described(self.attributes, self.index)


def frames_of(document: ImageSetMetadata) -> Iterator[Frame]:
    """Yield all frames in document order."""
    number = 0
    for series, sop, instance in document.instances():
        stored = instance.node.get("StoredTransferSyntaxUID")
        for index, facts in enumerate(instance.frames):
            number += 1
            told = stored if isinstance(stored, str) else ""
            yield Frame(number, series, sop, index, facts, instance.dicom, told)


def described(attributes: Mapping[str, Json], index: int) -> Mapping[str, Json]:
    """Return an instance's attributes with those of the shared and the frame's own functional groups on top."""
    above: dict[str, Json] = {}
    for name, place in (("SharedFunctionalGroupsSequence", 0), ("PerFrameFunctionalGroupsSequence", index)):
        group = _item(attributes.get(name), place)
        for macro in _MACROS:
            above |= _item(group.get(macro), 0)
    return {**attributes, **above} if above else attributes


def pixel_aspect(attributes: Mapping[str, Json]) -> float:
    """Return how much taller than wide a pixel is (PS3.3 C.7.6.3.1.7, 10.7.1.3); 1 where nothing sensible is said."""
    for name in ("PixelAspectRatio", "PixelSpacing", "ImagerPixelSpacing"):
        told = decimals(attributes.get(name))
        if len(told) == 2 and min(told) > 0:
            return min(max(told[0] / told[1], 0.1), 10.0)
    return 1.0


def frames_a_second(attributes: Mapping[str, Json]) -> float:
    """Return how quickly the frames are to be shown (PS3.3 C.7.6.5), 8 where nothing is said."""
    for name in ("RecommendedDisplayFrameRate", "CineRate"):
        rate = decimal(attributes, name, 0.0)
        if rate > 0:
            return rate
    time = decimal(attributes, "FrameTime", 0.0)
    return 1000 / time if time > 0 else 8.0


def _item(sequence: Json, place: int) -> Mapping[str, Json]:
    """Return an item of a sequence; an empty one where there is none."""
    if isinstance(sequence, list) and place < len(sequence):
        found = sequence[place]
        if isinstance(found, dict):
            return found
    return {}
