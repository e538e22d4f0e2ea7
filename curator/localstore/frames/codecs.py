"""Compressed frames to samples, with the codestream's own header read first: its size is not trusted (PS3.5 A.4).

Colour is left as the codestream has it, except where a JPEG says by its own markers that it was transformed from
RGB and PhotometricInterpretation says RGB.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from curator.localstore.dicomfile.refusal import RefusedFile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from curator.localstore.frames.description import PixelDescription

    Samples = NDArray[np.generic[Any]]

__all__ = ["Codestream", "decode_frame", "inspect"]

_UNREADABLE = "a frame does not decode as its transfer syntax says"


@dataclass(frozen=True, slots=True)
class Codestream:
    """What a codestream's header says of itself. ``adobe``: the transform of an Adobe APP14 marker; ``jfif``: a JFIF one."""

    rows: int
    columns: int
    samples: int
    precision: int
    adobe: int | None = None
    jfif: bool = False


def inspect(raw: bytes) -> Codestream:
    """Read the size from a JPEG, JPEG-LS or JPEG 2000 header. Raises RefusedFile."""
    try:
        if raw[:4] == b"\xff\x4f\xff\x51":
            return _siz(raw, 2)
        if raw[4:8] == b"jP  ":  # boxed against PS3.5 A.4.4, but common
            start = raw.index(b"\xff\x4f\xff\x51")
            return _siz(raw, start + 2)
        return _sof(raw)
    except (struct.error, ValueError, IndexError):
        raise RefusedFile(_UNREADABLE) from None


def _siz(raw: bytes, pos: int) -> Codestream:
    width, height, left, top = struct.unpack_from(">IIII", raw, pos + 6)
    (samples,) = struct.unpack_from(">H", raw, pos + 38)
    return Codestream(height - top, width - left, samples, (raw[pos + 40] & 0x7F) + 1)


def _sof(raw: bytes) -> Codestream:
    if raw[:2] != b"\xff\xd8":
        raise ValueError
    pos, adobe, jfif = 2, None, False
    while True:
        while raw[pos] == 0xFF and raw[pos + 1] == 0xFF:
            pos += 1
        marker = struct.unpack_from(">H", raw, pos)[0]
        if marker >> 8 != 0xFF:
            raise ValueError
        (size,) = struct.unpack_from(">H", raw, pos + 2)
        if (0xFFC0 <= marker <= 0xFFCF and marker not in (0xFFC4, 0xFFC8, 0xFFCC)) or marker == 0xFFF7:
            precision, rows, columns, samples = struct.unpack_from(">BHHB", raw, pos + 4)
            return Codestream(rows, columns, samples, precision, adobe, jfif)
        if marker == 0xFFEE and raw[pos + 4 : pos + 9] == b"Adobe":
            adobe = raw[pos + 15]
        jfif = jfif or (marker == 0xFFE0 and raw[pos + 4 : pos + 8] == b"JFIF")
        if size < 2 or marker == 0xFFDA:
            raise ValueError
        pos += 2 + size


def _jpeg(raw: bytes, what: PixelDescription, header: Codestream) -> Samples:
    import imagecodecs

    if header.samples != 3:
        return imagecodecs.jpeg8_decode(raw)
    if what.photometric == "RGB":
        transformed = header.adobe == 1 or (header.adobe is None and header.jfif)
        return imagecodecs.jpeg8_decode(
            raw, colorspace="YCBCR" if transformed else "RGB", outcolorspace="RGB"
        )
    return imagecodecs.jpeg8_decode(raw, colorspace="YCBCR", outcolorspace="YCBCR")


def _jpegls(raw: bytes, what: PixelDescription, header: Codestream) -> Samples:
    import imagecodecs

    return imagecodecs.jpegls_decode(raw)


def _jpeg2000(raw: bytes, what: PixelDescription, header: Codestream) -> Samples:
    import imagecodecs

    return imagecodecs.jpeg2k_decode(raw, planar=False)


def _htj2k(raw: bytes, what: PixelDescription, header: Codestream) -> Samples:
    import imagecodecs

    if raw[4:8] == b"jP  ":
        raw = raw[raw.index(b"\xff\x4f\xff\x51") :]
    return imagecodecs.htj2k_decode(raw, planar=False)


def _rle(raw: bytes, what: PixelDescription) -> Samples:
    """Return RLE segments, most significant byte of each sample first, as samples (PS3.5 G.2)."""
    import imagecodecs
    import numpy as np

    words, count = what.allocated // 8, what.samples
    size = what.rows * what.columns
    header = struct.unpack_from("<16I", raw)
    if header[0] != words * count or words == 0:
        raise RefusedFile("an RLE frame does not have the segments that its attributes ask for")
    ends = [*header[2 : header[0] + 1], len(raw)]
    planes = np.empty((header[0], size), np.uint8)
    for index, (start, end) in enumerate(zip(header[1 : header[0] + 1], ends, strict=True)):
        plane = imagecodecs.packbits_decode(raw[start:end])
        if len(plane) < size:
            raise RefusedFile(_UNREADABLE)
        planes[index] = np.frombuffer(plane, np.uint8, size)
    whole = planes.reshape(count, words, size)[:, ::-1].transpose(2, 0, 1)
    return np.ascontiguousarray(whole).view(f"<u{words}").reshape(what.shape)


_CODECS: Final[dict[str, Callable[[bytes, PixelDescription, Codestream], Samples]]] = {
    "1.2.840.10008.1.2.4.50": _jpeg,
    "1.2.840.10008.1.2.4.51": _jpeg,
    "1.2.840.10008.1.2.4.57": _jpeg,
    "1.2.840.10008.1.2.4.70": _jpeg,
    "1.2.840.10008.1.2.4.80": _jpegls,
    "1.2.840.10008.1.2.4.81": _jpegls,
    "1.2.840.10008.1.2.4.90": _jpeg2000,
    "1.2.840.10008.1.2.4.91": _jpeg2000,
    "1.2.840.10008.1.2.4.201": _htj2k,
    "1.2.840.10008.1.2.4.202": _htj2k,
    "1.2.840.10008.1.2.4.203": _htj2k,
}
_RLE: Final = "1.2.840.10008.1.2.5"


def decode_frame(raw: bytes, syntax: str, what: PixelDescription) -> Samples:
    """Return a compressed frame's samples, rows × columns (× samples), in the container the attributes give.

    Raises RefusedFile where the codestream is broken or contradicts Rows, Columns, SamplesPerPixel or BitsAllocated.
    """
    try:
        if syntax == _RLE:
            return _contained(_rle(raw, what), what, what.allocated)
        header = inspect(raw)
        if (header.rows, header.columns, header.samples) != (what.rows, what.columns, what.samples):
            raise RefusedFile(
                "a frame's codestream is not of the size that Rows, Columns and SamplesPerPixel say"
            )
        if header.precision > what.allocated:
            raise RefusedFile("a frame's codestream has more bits than BitsAllocated")
        samples = _CODECS[syntax](raw, what, header)
        if samples.shape != what.shape:
            samples = samples.reshape(what.shape)
        return _contained(samples, what, header.precision)
    except RefusedFile:
        raise
    except Exception as error:  # the codecs' own classes of error; each is a broken codestream
        raise RefusedFile(_UNREADABLE) from error


def _contained(samples: Samples, what: PixelDescription, precision: int) -> Samples:
    """Return samples in the dtype that BitsAllocated and PixelRepresentation say.

    JPEG and JPEG-LS do not know signs and a JPEG 2000 header may contradict PixelRepresentation: the bits are read
    as the attributes say, as two's complement of the codestream's precision.
    """
    import numpy as np

    if samples.dtype.kind == np.dtype(what.dtype).kind:
        return np.ascontiguousarray(samples.astype(what.dtype, copy=False))
    wide = samples.astype(np.int64)
    if what.signed:
        half = 1 << (precision - 1)
        wide = ((wide & ((1 << precision) - 1)) ^ half) - half
    else:
        wide &= (1 << what.allocated) - 1
    return np.ascontiguousarray(wide.astype(what.dtype))
