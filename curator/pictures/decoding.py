"""A frame's bytes to samples: by its content type, in the numbers its attributes say.

Sources: content types from the API model's documentation of GetImageFrame; PS3.3 C.7.6.3, PS3.5 8.1.1 (bits).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from curator.dicom import Json
from curator.pictures.codestream import components, jpeg_is_rgb, untransformed
from curator.pictures.values import NoPicture, whole

if TYPE_CHECKING:
    from curator.pictures.values import Array

LARGEST: Final = 1 << 28
"""Samples of a frame that is decoded for looking at: a large mammogram has 2 to the 24."""

_YBR: Final = frozenset({"YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_422", "YBR_PARTIAL_420"})
_NATIVE: Final = "application/octet-stream"


def decoded(data: bytes, content_type: str, attributes: Mapping[str, Json]) -> tuple[Array, str, Array]:
    """Return the samples, rows × columns (× 3), the photometric interpretation they are in, and them with unused bits.

    Raises `NoPicture` where nothing here reads the content type, or the bytes are not what it says.
    """
    kind = content_type.partition(";")[0].strip().lower()
    photometric = str(attributes.get("PhotometricInterpretation") or "")
    if whole(attributes, "Rows", 0) * whole(attributes, "Columns", 0) > LARGEST:
        raise NoPicture("the frame is larger than can be shown")
    if kind == _NATIVE:
        raw = _native(data, attributes, photometric)
        return _numbers(raw, attributes), "YBR_FULL" if photometric in _YBR else photometric, raw
    decode = _DECODERS.get(kind)
    if decode is None:
        what = "video" if kind.startswith("video/") else f"frames of type {kind or 'unknown'}"
        raise NoPicture(f"{what} cannot be decoded here")
    try:
        raw, found = decode(data, photometric)
    except Exception:  # each codec has an error class of its own
        raise NoPicture("the frame does not decode as its content type says") from None
    if raw.ndim == 3 and raw.shape[2] == 1:
        raw = raw[..., 0]
    if raw.ndim not in (2, 3) or (raw.ndim == 3 and raw.shape[2] not in (3, 4)):
        raise NoPicture("the frame has neither one sample a pixel nor three")
    return _numbers(raw, attributes), found, raw


def _native(data: bytes, attributes: Mapping[str, Json], photometric: str) -> Array:
    import numpy as np

    rows, columns, count, bits = (
        whole(attributes, name, default)
        for name, default in (("Rows", 0), ("Columns", 0), ("SamplesPerPixel", 1), ("BitsAllocated", 8))
    )
    shape = (rows, columns) if count == 1 else (rows, columns, count)
    try:
        if bits == 1:
            return np.unpackbits(np.frombuffer(data, "u1"), bitorder="little")[: rows * columns].reshape(
                shape
            )
        flat = np.frombuffer(data, _type_of(attributes, bits))
        if count == 3 and photometric == "YBR_FULL_422" and len(flat) < rows * columns * 3:
            return _upsampled(flat, rows, columns)
        flat = flat[: rows * columns * count]
        if count > 1 and whole(attributes, "PlanarConfiguration", 0) == 1:
            return flat.reshape(count, rows, columns).transpose(1, 2, 0)
        return flat.reshape(shape)
    except (ValueError, TypeError):
        raise NoPicture("the frame's bytes do not fit Rows, Columns and BitsAllocated") from None


def _type_of(attributes: Mapping[str, Json], bits: int) -> str:
    """Return NumPy's name of a sample; the Floating Point Image Pixel Module has no PixelRepresentation."""
    if bits in (32, 64) and "PixelRepresentation" not in attributes:
        return f"<f{bits // 8}"
    return f"<{'i' if whole(attributes, 'PixelRepresentation', 0) == 1 else 'u'}{bits // 8}"


def _upsampled(flat: Array, rows: int, columns: int) -> Array:
    """Return YBR_FULL of native YBR_FULL_422: Y1 Y2 Cb Cr for two pixels (PS3.3 C.7.6.3.1.2)."""
    import numpy as np

    pairs = flat[: rows * columns * 2].reshape(rows, columns // 2, 4)
    full = np.empty((rows, columns, 3), dtype=flat.dtype)
    full[:, 0::2, 0], full[:, 1::2, 0] = pairs[..., 0], pairs[..., 1]
    full[..., 1] = np.repeat(pairs[..., 2], 2, axis=1)
    full[..., 2] = np.repeat(pairs[..., 3], 2, axis=1)
    return full


def _numbers(samples: Array, attributes: Mapping[str, Json]) -> Array:
    """Return samples as the attributes' bits say: what stands in unused bits is no part of the number.

    Codestreams of JPEG and JPEG-LS know no sign, and one of JPEG 2000 may contradict PixelRepresentation.
    """
    import numpy as np

    if samples.ndim != 2 or samples.dtype.kind not in "iu":
        return samples
    allocated = 8 * samples.dtype.itemsize
    stored = whole(attributes, "BitsStored", allocated)
    unused = whole(attributes, "HighBit", stored - 1) + 1 - stored
    signed = whole(attributes, "PixelRepresentation", 0) == 1
    if not 0 < stored <= allocated or unused < 0 or unused + stored > allocated:
        return samples
    low, high = (-(1 << (stored - 1)), (1 << (stored - 1)) - 1) if signed else (0, (1 << stored) - 1)
    as_said = signed == (samples.dtype.kind == "i")
    if as_said and not unused and samples.size and samples.min() >= low and samples.max() <= high:
        return samples
    bits = (samples.astype(np.int64) >> unused) & ((1 << stored) - 1)
    if signed:
        half = 1 << (stored - 1)
        bits = (bits ^ half) - half
    return bits.astype(f"{'i' if signed else 'u'}{samples.dtype.itemsize}")


def _jpeg(data: bytes, photometric: str) -> tuple[Array, str]:
    import imagecodecs

    if components(data) != 3:
        return imagecodecs.jpeg8_decode(data), photometric
    space = "RGB" if jpeg_is_rgb(data, photometric) else "YCBCR"
    return imagecodecs.jpeg8_decode(data, colorspace=space, outcolorspace="RGB"), "RGB"


def _jpegls(data: bytes, photometric: str) -> tuple[Array, str]:
    import imagecodecs

    return imagecodecs.jpegls_decode(data), _apart(photometric)


def _jpegxl(data: bytes, photometric: str) -> tuple[Array, str]:
    import imagecodecs

    samples = imagecodecs.jpegxl_decode(data)
    return samples, "RGB" if samples.ndim == 3 else photometric


def _jpeg2000(data: bytes, photometric: str) -> tuple[Array, str]:
    import imagecodecs

    samples = imagecodecs.jpeg2k_decode(data, planar=False)
    return samples, _apart(photometric) if untransformed(data) or samples.ndim == 2 else "RGB"


def _htj2k(data: bytes, photometric: str) -> tuple[Array, str]:
    """The store answers HTJ2K boxed or bare: OpenJPEG reads what OpenJPH does not.

    assumption: the service compresses the samples as they are, so that a transform of its own is undone by any decoder
    and PhotometricInterpretation stays true, but for the transforms that belonged to the codestream before.
    """
    import imagecodecs

    start = data.find(b"\xff\x4f\xff\x51", 0, 4096) if data[4:8] == b"jP  " else 0
    try:
        samples = imagecodecs.htj2k_decode(data[max(start, 0) :], planar=False)
    except Exception:  # imagecodecs' own; the other decoder says whether it is broken
        return _jpeg2000(data, photometric)
    return samples, _apart(photometric)


def _apart(photometric: str) -> str:
    """Return what components that were coded apart are in: the transform of a codestream before was undone."""
    if photometric in _YBR:
        return "YBR_FULL"
    return "RGB" if photometric in ("YBR_RCT", "YBR_ICT") else photometric


_DECODERS: Final[Mapping[str, Callable[[bytes, str], tuple[Array, str]]]] = {
    "image/jph": _htj2k,
    "image/jphc": _htj2k,
    "image/j2c": _jpeg2000,
    "image/jp2": _jpeg2000,
    "image/jpeg": _jpeg,
    "image/jls": _jpegls,
    "image/jxl": _jpegxl,
}
"""By GetImageFrame's content type."""
