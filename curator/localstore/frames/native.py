"""Frames of uncompressed pixel data, and back (PS3.5 8.1, annex D)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from curator.localstore.dicomfile.refusal import RefusedFile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from curator.localstore.dicomfile.elements import Data
    from curator.localstore.frames.description import PixelDescription

    Samples = NDArray[np.generic[Any]]

__all__ = ["native_bytes", "native_frame", "packed_bits", "unswapped"]


def native_frame(
    data: Data, offset: int, length: int, index: int, what: PixelDescription, *, little: bool
) -> Samples:
    """Return frame ``index`` as rows × columns (× samples) in native byte order, chroma up-sampled."""
    import numpy as np

    first, last = index * what.bits, (index + 1) * what.bits
    if (last + 7) // 8 > length:
        raise RefusedFile("the pixel data is shorter than Rows, Columns and NumberOfFrames say")
    raw = data[offset + first // 8 : offset + (last + 7) // 8]
    if what.allocated == 1:
        bits = np.unpackbits(np.frombuffer(raw, np.uint8), bitorder="little")
        return bits[first % 8 : first % 8 + what.bits].reshape(what.shape)
    flat = np.frombuffer(raw, np.dtype(what.dtype).newbyteorder("<" if little else ">"))
    flat = flat.astype(what.dtype, copy=False)
    if what.subsampled:
        return _upsampled(flat, what)
    if what.planar:
        return np.ascontiguousarray(flat.reshape(what.samples, what.rows, what.columns).transpose(1, 2, 0))
    return flat.reshape(what.shape)


def _upsampled(flat: Samples, what: PixelDescription) -> Samples:
    """Return Y Y Cb Cr … as Y Cb Cr for each pixel (PS3.3 C.7.6.3.1.2); nothing is lost by repeating."""
    import numpy as np

    if what.columns % 2:
        raise RefusedFile("DICOM attribute Columns is odd, which YBR_FULL_422 does not allow")
    pairs = flat.reshape(-1, 4)
    whole = np.empty((pairs.shape[0], 2, 3), flat.dtype)
    whole[:, 0, 0], whole[:, 1, 0] = pairs[:, 0], pairs[:, 1]
    whole[:, :, 1], whole[:, :, 2] = pairs[:, 2:3], pairs[:, 3:4]
    return whole.reshape(what.shape)


def packed_bits(samples: Samples) -> bytes:
    """Return a frame of a binary segmentation packed from its own first bit, eight pixels a byte (PS3.5 8.1.1)."""
    import numpy as np

    return np.packbits(samples.reshape(-1).astype(np.uint8), bitorder="little").tobytes()


def native_bytes(samples: Samples) -> bytes:
    """Return samples as Explicit VR Little Endian has them, interleaved."""
    import numpy as np

    return np.ascontiguousarray(samples).astype(samples.dtype.newbyteorder("<"), copy=False).tobytes()


def unswapped(raw: bytes) -> bytes:
    """Return bytes that stood in big-endian 16-bit words in their own order."""
    import numpy as np

    even = len(raw) - len(raw) % 2
    return np.frombuffer(raw, np.uint16, even // 2).byteswap().tobytes() + raw[even:]
