"""Which published instance came from which original one: by the crosswalk, else by frame ids, else by likeness."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from curator.dicom import Json
from curator.dicom.dictionary import tag_of_key, vrs
from curator.imageset import Instance
from curator.verify.claim import Held


@dataclass(frozen=True, slots=True)
class Standing:
    """An instance and where it stands."""

    held: Held
    series: str = field(repr=False)
    sop: str = field(repr=False)
    instance: Instance = field(repr=False)

    def merged(self) -> dict[str, Json]:
        """Return the attributes of all levels in one."""
        document = self.held.document
        return {
            **document.patient,
            **document.study,
            **document.series[self.series].dicom,
            **self.instance.dicom,
        }


def standings(versions: Iterable[Held]) -> Iterator[Standing]:
    """Yield every instance of the documents."""
    for held in versions:
        for series, sop, instance in held.document.instances():
            yield Standing(held, series, sop, instance)


def pair(
    originals: Mapping[str, Standing], published: Iterable[Standing], replacement: Callable[[str], str | None]
) -> tuple[list[tuple[Standing, Standing]], list[Standing]]:
    """Return (pairs of original and published, published ones whose original was not found).

    ``originals`` are by SOP Instance UID, ``replacement`` says what an original's UID became, as far as known.
    """
    by_published = {
        new: standing for sop, standing in originals.items() if (new := replacement(sop)) is not None
    }
    by_frames = {
        standing.instance.frame_ids: standing
        for standing in originals.values()
        if standing.instance.frame_ids
    }
    by_shape: dict[tuple[object, ...], list[Standing]] = {}
    for standing in originals.values():
        by_shape.setdefault(_shape(standing), []).append(standing)
    pairs, lost = [], []
    for found in published:
        original = (
            by_published.get(found.sop)
            or by_frames.get(found.instance.frame_ids)
            or originals.get(found.sop)
            or _only(by_shape.get(_shape(found), []))
        )
        if original is None:
            lost.append(found)
        else:
            pairs.append((original, found))
    return _pair_the_rest(originals, pairs, lost)


def _pair_the_rest(
    originals: Mapping[str, Standing], pairs: list[tuple[Standing, Standing]], lost: list[Standing]
) -> tuple[list[tuple[Standing, Standing]], list[Standing]]:
    """Pair what is the only one of its SOP class on both sides, and at last the only one at all."""
    taken = {original.sop for original, _ in pairs}
    free: dict[str, list[Standing]] = {}
    for standing in originals.values():
        if standing.sop not in taken:
            free.setdefault(str(standing.instance.dicom.get("SOPClassUID")), []).append(standing)
    still: list[Standing] = []
    for found in lost:
        kind = str(found.instance.dicom.get("SOPClassUID"))
        alone = sum(str(other.instance.dicom.get("SOPClassUID")) == kind for other in lost) == 1
        original = _only(free.get(kind, [])) if alone else None
        if original is None:
            still.append(found)
        else:
            taken.add(original.sop)
            pairs.append((original, found))
    left = [standing for standing in originals.values() if standing.sop not in taken]
    if len(left) == len(still) == 1:
        pairs.append((left[0], still.pop()))
    return pairs, still


def _only(candidates: list[Standing]) -> Standing | None:
    return candidates[0] if len(candidates) == 1 else None


def _shape(standing: Standing) -> tuple[object, ...]:
    """Return what de-identification leaves of an instance: class, number, pixel checksums, numeric attributes."""
    dicom = standing.instance.dicom
    numbers = tuple(
        (key, str(value))
        for key, value in sorted(dicom.items())
        if (tag := tag_of_key(key)) is not None
        and vrs(tag)[:1] in (("DS",), ("IS",), ("US",), ("FD",), ("FL",))
        and tag >> 16 in (0x0020, 0x0028)
    )
    return str(dicom.get("SOPClassUID")), numbers, pixel_sums(standing.instance)


def pixel_sums(instance: Instance) -> tuple[str, ...]:
    """Return each frame's size and checksum at full resolution; how it is kept may differ after an import."""
    found: list[str] = []
    for frame in instance.frames:
        levels = frame.get("PixelDataChecksumFromBaseToFullResolution")
        found.append(str(levels[-1:] if isinstance(levels, list) else None))
    return tuple(found)
