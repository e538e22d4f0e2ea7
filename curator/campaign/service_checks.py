"""What a proof asks of the service itself: searches by original ids, working copies, frames beside whose pixels text stands."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

from curator.campaign.beside_pixels import text_beside_published
from curator.campaign.journal import UnitState
from curator.deid.pixelreview import PixelDecisions, Verdict
from curator.deid.profile import Profile
from curator.dicom.dictionary import tag_of_key, vrs
from curator.errors import NotFound
from curator.imageset import ImageSetMetadata, Instance
from curator.plan.units import Unit
from curator.verify import Check, Held, ServiceCheck
from curator.verify.pairing import pixel_sums

if TYPE_CHECKING:
    from curator.healthimaging import HealthImaging

_SEARCHED: Final = {
    "DICOMPatientId": ("patient", "PatientID"),
    "DICOMAccessionNumber": ("study", "AccessionNumber"),
    "DICOMStudyId": ("study", "StudyID"),
    "DICOMStudyInstanceUID": ("study", "StudyInstanceUID"),
    "DICOMSeriesInstanceUID": ("series", "SeriesInstanceUID"),
}

Hits: TypeAlias = dict[tuple[str, str, str], set[str]]
"""The image sets that were found in a data store, by search key and value."""


class Searches:
    """SearchImageSets by original ids; each is asked once of a store, however many image sets bear it.

    ``hits`` are kept for others who ask the same.
    """

    def __init__(self, profile: Profile, hits: Hits | None = None) -> None:
        retained = {key for key, (_, keyword) in _SEARCHED.items() if _is_kept(profile, keyword)}
        self._keys = [key for key in _SEARCHED if key not in retained]
        self._hits = {} if hits is None else hits

    def checks(
        self, imaging: HealthImaging, document: ImageSetMetadata, published: Sequence[str]
    ) -> Iterator[ServiceCheck]:
        """Yield, for each id of an original, whether a search by it returns what was published."""
        for key in self._keys:
            level, keyword = _SEARCHED[key]
            for value in dict.fromkeys(_values_at(document, level, keyword)):
                hits = self._of(imaging, key, value)
                for image_set in published:
                    said = f"SearchImageSets by the original {keyword}"
                    yield ServiceCheck(Check.NOT_FOUND_BY_ORIGINAL_ID, image_set, image_set not in hits, said)

    def _of(self, imaging: HealthImaging, key: str, value: str) -> set[str]:
        asked = (imaging.datastore_id, key, value)
        if asked not in self._hits:
            filters = [{"values": [{key: value}], "operator": "EQUAL"}]
            self._hits[asked] = {each.id for each in imaging.search(filters)}
        return self._hits[asked]


def _is_kept(profile: Profile, keyword: str) -> bool:
    tag = tag_of_key(keyword) or 0
    return profile.verdict(tag, vrs(tag)[0]).code == "K"


def _values_at(document: ImageSetMetadata, level: str, keyword: str) -> Iterator[str]:
    nodes = [document.patient] if level == "patient" else [document.study]
    if level == "series":
        nodes = [series.dicom for series in document.series.values()]
    for node in nodes:
        value = node.get(keyword)
        if isinstance(value, str) and value:
            yield value


def working_copies(unit: Unit, state: UnitState, imaging: HealthImaging) -> Iterator[ServiceCheck]:
    """Yield for each image set that was made on the way whether it is gone."""
    for name, image_set in state.names.items():
        if name not in unit.made:
            gone = _is_gone(imaging, image_set)
            yield ServiceCheck(Check.WORKING_COPY_GONE, image_set, gone, "GetImageSet of the working copy")


def _is_gone(imaging: HealthImaging, image_set: str) -> bool:
    try:
        return imaging.image_set(image_set).state == "DELETED"
    except NotFound:
        return True


def beside_pixels(
    imaging: HealthImaging, held: Held, seen: Container[tuple[str, ...]]
) -> Iterator[ServiceCheck]:
    """Yield for each published instance with frames kept as received whether nothing stands beside its pixels."""
    for text in text_beside_published(imaging, held.image_set, held.document, seen):
        said = "comments and application segments of frames that are kept as received"
        yield ServiceCheck(Check.PIXELS_HIDDEN, held.image_set, not text, said)


def looked_at(
    document: ImageSetMetadata, cleared: Container[str], pixels: PixelDecisions | None
) -> frozenset[tuple[str, ...]]:
    """Return the pixels, by their checksums, of the originals that a person cleared."""
    return frozenset(
        pixel_sums(instance)
        for _, sop, instance in document.instances()
        if sop in cleared or (pixels and _is_cleared(pixels, sop, instance))
    )


def _is_cleared(pixels: PixelDecisions, sop: str, instance: Instance) -> bool:
    said = pixels.of(sop, instance.frames)
    return said is not None and said.verdict is Verdict.CLEAR
