"""What the attributes say about the samples of a frame (PS3.3 C.7.6.3), checked before anything is allocated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from curator.dicom import Json
from curator.localstore.dicomfile.refusal import ImportException, RefusedFile

__all__ = ["MAX_FRAME_BYTES", "PixelDescription", "describe"]

MAX_FRAME_BYTES: Final = 2**29
"""A frame is held in memory a few times over; a whole-slide tile is 1 MB, a large mammogram 50."""
MAX_FRAMES: Final = 200_000


@dataclass(frozen=True, slots=True)
class PixelDescription:
    """A frame: ``rows`` × ``columns`` × ``samples`` in containers of ``allocated`` bits, ``stored`` of them used."""

    rows: int
    columns: int
    samples: int
    allocated: int
    stored: int
    signed: bool
    planar: bool
    frames: int
    photometric: str
    real: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of a frame's array: colour samples last."""
        return (self.rows, self.columns) if self.samples == 1 else (self.rows, self.columns, self.samples)

    @property
    def dtype(self) -> str:
        """NumPy's name of a sample in native byte order; packed bits become one byte each."""
        if self.real:
            return f"f{self.allocated // 8}"
        return f"{'i' if self.signed and self.allocated > 1 else 'u'}{max(8, self.allocated) // 8}"

    @property
    def bits(self) -> int:
        """Bits of a frame in an uncompressed transfer syntax."""
        if self.subsampled:
            return self.rows * self.columns * 2 * self.allocated
        return self.rows * self.columns * self.samples * self.allocated

    @property
    def subsampled(self) -> bool:
        """Whether native pixel data carries two chroma samples for each two pixels (PS3.3 C.7.6.3.1.2)."""
        return self.photometric == "YBR_FULL_422" and self.samples == 3


def describe(instance: Mapping[str, Json], *, real: bool = False) -> PixelDescription:
    """Return the description that an instance's attributes give. Raises RefusedFile for what cannot be an image."""
    rows, columns = _number(instance, "Rows"), _number(instance, "Columns")
    samples = _number(instance, "SamplesPerPixel", 1)
    allocated = _number(instance, "BitsAllocated")
    stored = _number(instance, "BitsStored", allocated)
    frames = _number(instance, "NumberOfFrames", 1)
    photometric = instance.get("PhotometricInterpretation")
    found = PixelDescription(
        rows=rows,
        columns=columns,
        samples=samples,
        allocated=allocated,
        stored=stored,
        signed=_number(instance, "PixelRepresentation", 0) == 1,
        planar=samples > 1 and _number(instance, "PlanarConfiguration", 0) == 1,
        frames=max(1, frames),
        photometric=photometric if isinstance(photometric, str) else "",
        real=real,
    )
    _check(found)
    return found


def _number(instance: Mapping[str, Json], keyword: str, default: int | None = None) -> int:
    value = instance.get(keyword)
    if isinstance(value, list) and value:
        value = value[0]
    if value is None or value == "":
        if default is None:
            raise RefusedFile(f"DICOM attribute {keyword} does not exist")
        return default
    try:
        return int(float(value)) if isinstance(value, str | int | float) else int("")
    except (ValueError, OverflowError):
        raise RefusedFile(f"DICOM attribute {keyword} is not a whole number") from None


def _check(found: PixelDescription) -> None:
    allowed = (32, 64) if found.real else (1, 8, 16, 32)
    for keyword, holds in (
        ("Rows", 0 < found.rows <= 0xFFFF),
        ("Columns", 0 < found.columns <= 0xFFFF),
        ("SamplesPerPixel", found.samples in (1, 2, 3, 4)),
        ("BitsAllocated", found.allocated in allowed),
        ("BitsStored", 0 < found.stored <= found.allocated),
        ("NumberOfFrames", found.frames <= MAX_FRAMES),
    ):
        if not holds:
            raise RefusedFile(f"DICOM attribute {keyword} does not describe an image that can be stored")
    if found.allocated == 1 and found.samples != 1:
        raise RefusedFile("DICOM attribute SamplesPerPixel does not describe an image that can be stored")
    if found.bits // 8 > MAX_FRAME_BYTES:
        raise RefusedFile("a frame exceeds 512 MB", ImportException.QUOTA)
