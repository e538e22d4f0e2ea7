"""Text that travels beside the pixels: comments and application segments of frames that the service keeps as received.

The service transcodes most frames, and what stood in their headers is gone; lossy ones it keeps byte for byte, and a
copy or an import takes them along so. Nothing in the metadata tells of them: the frames have to be read.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from curator.dicom.pixelrisk import pixel_risks
from curator.dicom.uids import TRANSFER_SYNTAXES
from curator.pictures.codestream import texts_beside
from curator.verify.pairing import pixel_sums

if TYPE_CHECKING:
    from curator.catalogue import Catalogue, Row
    from curator.deid.pixelreview import PixelDecisions
    from curator.healthimaging import HealthImaging
    from curator.imageset import ImageSetMetadata

KEPT: Final = frozenset(
    uid for uid, syntax in TRANSFER_SYNTAXES.items() if syntax.stored == "as-received" and syntax.encapsulated
)
"""Transfer syntaxes whose frames the service keeps byte for byte."""
AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True)
class _Frame:
    image_set: str
    sop: str = field(repr=False)
    id: str


def with_text_beside(
    imaging: HealthImaging,
    catalogue: Catalogue,
    rows: Sequence[Row],
    cleared: Container[str],
    pixels: PixelDecisions,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> frozenset[str]:
    """Return the SOP Instance UIDs of instances in ``rows`` whose frames carry text, other than an encoder's name.

    Instances that somebody cleared, or that stay out for another sign of their pixels, are not read. A call
    (GetImageFrame) a frame; raises ServiceError when the service cannot be read.
    """
    frames = [
        frame
        for row in rows
        if row.read and (document := catalogue.document(row.id, row.version)) is not None
        for frame in _kept(row.id, document, cleared, pixels)
    ]
    found: set[str] = set()

    def read(frame: _Frame) -> tuple[str, bool]:
        return frame.sop, bool(texts_beside(imaging.frame(frame.image_set, frame.id)[0]))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for done, (sop, text) in enumerate(pool.map(read, frames), 1):
            progress(done, len(frames))
            if text:
                found.add(sop)
    return frozenset(found)


def text_beside_published(
    imaging: HealthImaging, image_set: str, document: ImageSetMetadata, looked_at: Container[tuple[str, ...]]
) -> Iterator[bool]:
    """Yield for each published instance with frames kept as received whether they carry text.

    ``looked_at`` are the pixels, by their checksums, of originals that a person cleared: those are not read.
    """
    for _, _, instance in document.instances():
        if instance.node.get("StoredTransferSyntaxUID") in KEPT and pixel_sums(instance) not in looked_at:
            yield any(texts_beside(imaging.frame(image_set, each)[0]) for each in instance.frame_ids)


def _kept(
    image_set: str, document: ImageSetMetadata, cleared: Container[str], pixels: PixelDecisions
) -> Iterator[_Frame]:
    for series, sop, instance in document.instances():
        if instance.node.get("StoredTransferSyntaxUID") not in KEPT:
            continue
        if sop in cleared or pixels.of(sop, instance.frames) is not None:
            continue
        if not pixel_risks({**document.series[series].dicom, **instance.dicom}, instance.frames):
            yield from (_Frame(image_set, sop, frame) for frame in instance.frame_ids)
