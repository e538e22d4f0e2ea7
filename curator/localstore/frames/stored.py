"""A frame as the store keeps it: lossless HTJ2K with proof that it is, or the bytes as received.

Which one a transfer syntax gets is the guide's table, "Supported transfer syntaxes" (`curator.dicom.uids`).
"""

from __future__ import annotations

import secrets
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from curator.dicom import Json
from curator.localstore.dicomfile.refusal import RefusedFile
from curator.localstore.frames.codecs import decode_frame
from curator.localstore.frames.description import describe
from curator.localstore.frames.fragments import frames_of
from curator.localstore.frames.native import native_bytes, native_frame, packed_bits, unswapped
from curator.localstore.parsed import ParsedFrame

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from curator.localstore.dicomfile.decode import DecodedFile

    Samples = NDArray[np.generic[Any]]

__all__ = ["CONTENT_TYPES", "EXPLICIT_LITTLE", "HTJ2K_RPCL", "encode_htj2k", "stored_frames", "stored_syntax"]

HTJ2K_RPCL: Final = "1.2.840.10008.1.2.4.202"
EXPLICIT_LITTLE: Final = "1.2.840.10008.1.2.1"
UNCOMPRESSED: Final = frozenset(
    {"1.2.840.10008.1.2", EXPLICIT_LITTLE, "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"}
)

CONTENT_TYPES: Final = {
    EXPLICIT_LITTLE: "application/octet-stream",
    "1.2.840.10008.1.2.4.50": "image/jpeg",
    "1.2.840.10008.1.2.4.91": "image/j2c",
    HTJ2K_RPCL: "image/jph",
    "1.2.840.10008.1.2.4.203": "image/jphc",
}
"""GetImageFrame's ``Content-Type`` by stored transfer syntax (botocore's service model, GetImageFrameResponse).

assumption: the body under ``image/jph`` is a bare codestream although the name is that of the boxed file. DICOM
encapsulates bare codestreams, and readers built on OpenJPH take nothing else; readers that insist on OpenJPEG's JP2
codec cannot be served with the same bytes, because a JP2 file begins with its signature box and a codestream with SOC.
"""

KEPT: Final = frozenset({"1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.91", "1.2.840.10008.1.2.4.203"})
_SMALLEST_SIDE: Final = 64
_MAX_DECOMPOSITIONS: Final = 5


def stored_syntax(file: DecodedFile) -> str | None:
    """Return the StoredTransferSyntaxUID of a file's frames, None where there are none.

    assumption: a binary segmentation keeps its packed bits in any uncompressed syntax, not only in 1.2.840.10008.1.2.1,
    and floating-point pixel data, which HTJ2K cannot hold, is kept as Explicit VR Little Endian too.
    """
    if file.pixels is None or (file.pixels.length == 0 and not file.pixels.fragments):
        return None
    if file.transfer_syntax in KEPT:
        return file.transfer_syntax
    if file.pixels.tag != 0x7FE00010:
        return EXPLICIT_LITTLE
    return EXPLICIT_LITTLE if file.instance.get("BitsAllocated") == 1 else HTJ2K_RPCL


def stored_frames(file: DecodedFile) -> Iterator[ParsedFrame]:
    """Yield each frame ready to keep, one in memory at a time.

    Raises RefusedFile where a frame is missing, does not decode, or does not decode to what it was.
    """
    syntax, pixels = stored_syntax(file), file.pixels
    if syntax is None or pixels is None:
        return
    what = describe(file.instance, real=pixels.tag != 0x7FE00010)
    compressed = file.transfer_syntax not in UNCOMPRESSED
    if compressed != (pixels.fragments is not None):
        raise RefusedFile("the pixel data is not encapsulated as its transfer syntax says")
    if compressed and (what.real or what.allocated == 1):
        raise RefusedFile("the pixel data cannot be in this transfer syntax")
    if compressed:
        for stretches in frames_of(pixels, file.data, what.frames, file.instance):
            raw = b"".join(file.data[start : start + size] for start, size in stretches)
            samples = decode_frame(raw, file.transfer_syntax, what)
            yield _kept(raw, samples, syntax) if syntax == file.transfer_syntax else _transcoded(samples)
        return
    if pixels.length * 8 < what.bits * what.frames:  # known before the first frame is encoded
        raise RefusedFile("the pixel data is shorter than Rows, Columns and NumberOfFrames say")
    data, offset = file.data, pixels.offset
    if pixels.swapped and what.allocated <= 8:
        data, offset = unswapped(data[offset : offset + pixels.length]), 0
    for index in range(what.frames):
        samples = native_frame(data, offset, pixels.length, index, what, little=file.little)
        if syntax == HTJ2K_RPCL:
            yield _transcoded(samples)
        else:
            raw = packed_bits(samples) if what.allocated == 1 else native_bytes(samples)
            yield _kept(raw, samples, syntax)


def resolutions(rows: int, columns: int) -> int:
    """Return how many resolution levels a frame gets.

    assumption: halved while the smaller side stays 64 or more, which gives the levels of the published answer
    (640 × 480: three; 320 × 240: two).
    """
    levels, side = 1, min(rows, columns)
    while levels <= _MAX_DECOMPOSITIONS and side // 2 >= _SMALLEST_SIDE:
        levels, side = levels + 1, (side + 1) // 2
    return levels


def encode_htj2k(samples: Samples) -> bytes:
    """Return a lossless HTJ2K codestream, progression RPCL, tile-part lengths marked (1.2.840.10008.1.2.4.202).

    Components are coded apart: without a colour transform PhotometricInterpretation stays true.
    """
    import imagecodecs

    levels = resolutions(samples.shape[0], samples.shape[1])
    return bytes(
        imagecodecs.htj2k_encode(
            samples, reversible=True, tlm=True, rgb=False, planar=False, resolutions=levels
        )
    )


def _transcoded(samples: Samples) -> ParsedFrame:
    import imagecodecs
    import numpy as np

    payload = encode_htj2k(samples)
    back = imagecodecs.htj2k_decode(payload, planar=False).reshape(samples.shape)
    if back.dtype != samples.dtype or not np.array_equal(back, samples):
        raise RefusedFile("a frame does not survive lossless compression")
    checksums: list[Json] = []
    for skipped in range(resolutions(samples.shape[0], samples.shape[1]) - 1, 0, -1):
        checksums.append(_checksum(imagecodecs.htj2k_decode(payload, planar=False, skipres=skipped)))
    checksums.append(_checksum(back))
    entry = _entry(checksums, int(samples.min()), int(samples.max()), samples.nbytes)
    return ParsedFrame(entry, payload, CONTENT_TYPES[HTJ2K_RPCL])


def _kept(raw: bytes, samples: Samples, syntax: str) -> ParsedFrame:
    # assumption: "the checksum is calculated on the original image" means on its decoded samples.
    return ParsedFrame(_entry([_checksum(samples)], None, None, len(raw)), raw, CONTENT_TYPES[syntax])


def _checksum(samples: Samples) -> Json:
    """Return one ``PixelDataChecksumFromBaseToFullResolution`` entry: CRC32 over interleaved little-endian samples."""
    return {
        "Width": samples.shape[1],
        "Height": samples.shape[0],
        "Checksum": zlib.crc32(native_bytes(samples)),
    }


def _entry(checksums: list[Json], low: int | None, high: int | None, size: int) -> dict[str, Json]:
    return {
        "ID": secrets.token_hex(16),
        "PixelDataChecksumFromBaseToFullResolution": checksums,
        "MinPixelValue": low,
        "MaxPixelValue": high,
        "FrameSizeInBytes": size,
    }
