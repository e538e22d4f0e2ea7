"""A stored frame as a picture for looking at: decoded, windowed to 8 bits, as PNG.

Sources: content types from the API model's documentation of GetImageFrame; windowing PS3.3 C.11.2.1.2, photometric
interpretations C.7.6.3.1.2.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from curator.dicom import Json

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.generic[Any]]

CODECS: Final[Mapping[str, tuple[str, ...]]] = {
    # The store answers HTJ2K as image/jph, boxed or bare: OpenJPEG reads what OpenJPH does not.
    "image/jph": ("htj2k_decode", "jpeg2k_decode"),
    "image/jphc": ("htj2k_decode", "jpeg2k_decode"),
    "image/j2c": ("jpeg2k_decode",),
    "image/jp2": ("jpeg2k_decode",),
    "image/jpeg": ("jpeg_decode",),
    "image/jls": ("jpegls_decode",),
    "image/jxl": ("jpegxl_decode",),
}
"""Functions of imagecodecs to try, by content type."""


class NoPicture(Exception):
    """The frame cannot be shown; the text says why, without values."""


def png_of(data: bytes, content_type: str, attributes: Mapping[str, Json]) -> bytes:
    """Return a frame as an 8-bit PNG, grey or RGB; raises `NoPicture`. ``attributes``: those of its instance."""
    import imagecodecs

    samples = decoded(data, content_type, attributes)
    return bytes(imagecodecs.png_encode(shown(samples, attributes)))


def decoded(data: bytes, content_type: str, attributes: Mapping[str, Json]) -> Samples:
    """Return the samples, rows × columns (× 3)."""
    import imagecodecs

    kind = content_type.partition(";")[0].strip()
    if kind == "application/octet-stream":
        return _native(data, attributes)
    for name in CODECS.get(kind, ()):
        decode: Callable[[bytes], Samples] = getattr(imagecodecs, name)
        try:
            return decode(data)
        except Exception:  # each codec has an error class of its own; the next one may read it
            continue
    raise NoPicture(f"frames of type {kind or 'unknown'} cannot be decoded here")


def _native(data: bytes, attributes: Mapping[str, Json]) -> Samples:
    import numpy as np

    rows, columns, samples, bits = (
        _number(attributes, name, default)
        for name, default in (("Rows", 0), ("Columns", 0), ("SamplesPerPixel", 1), ("BitsAllocated", 8))
    )
    shape = (rows, columns) if samples == 1 else (rows, columns, samples)
    if bits == 1:
        return np.unpackbits(np.frombuffer(data, "u1"), bitorder="little")[: rows * columns].reshape(shape)
    signed = _number(attributes, "PixelRepresentation", 0) == 1
    try:
        flat = np.frombuffer(data, f"<{'i' if signed else 'u'}{bits // 8}", rows * columns * samples)
        if samples > 1 and _number(attributes, "PlanarConfiguration", 0) == 1:
            return flat.reshape(samples, rows, columns).transpose(1, 2, 0)
        return flat.reshape(shape)
    except (ValueError, TypeError):
        raise NoPicture("the frame's bytes do not fit Rows, Columns and BitsAllocated") from None


def shown(samples: Samples, attributes: Mapping[str, Json]) -> Samples:
    """Return 8-bit samples as a person should see them."""
    import numpy as np

    photometric = str(attributes.get("PhotometricInterpretation") or "")
    if samples.ndim == 3:
        eight = samples if samples.dtype == np.uint8 else _scaled(samples, *_range(samples))
        return np.ascontiguousarray(_rgb(eight) if photometric == "YBR_FULL" else eight[..., :3])
    if photometric == "PALETTE COLOR":
        coloured = _palette(samples, attributes)
        if coloured is not None:
            return coloured
    values = samples.astype(np.float64) * _decimal(attributes, "RescaleSlope", 1.0)
    values += _decimal(attributes, "RescaleIntercept", 0.0)
    centre, width = _decimal(attributes, "WindowCenter"), _decimal(attributes, "WindowWidth")
    if centre is None or width is None or width < 1:
        low, high = _range(values)
    else:
        low, high = centre - 0.5 - (width - 1) / 2, centre - 0.5 + (width - 1) / 2
    eight = _scaled(values, low, high)
    return 255 - eight if photometric == "MONOCHROME1" else eight


def _range(values: Samples) -> tuple[float, float]:
    return float(values.min()), float(values.max())


def _scaled(values: Samples, low: float, high: float) -> Samples:
    import numpy as np

    span = high - low or 1.0
    return np.clip((values.astype(np.float64) - low) * (255.0 / span) + 0.5, 0, 255).astype(np.uint8)


def _rgb(ybr: Samples) -> Samples:
    """Return RGB of YBR_FULL (PS3.3 C.7.6.3.1.2)."""
    import numpy as np

    y, b, r = (ybr[..., index].astype(np.float64) for index in range(3))
    b, r = b - 128, r - 128
    rgb = np.stack([y + 1.402 * r, y - 0.344136 * b - 0.714136 * r, y + 1.772 * b], axis=-1)
    return np.clip(rgb + 0.5, 0, 255).astype(np.uint8)


def _palette(samples: Samples, attributes: Mapping[str, Json]) -> Samples | None:
    """Return the colours of indexed samples (PS3.3 C.7.6.3.1.5), None when the tables are not there or segmented."""
    import numpy as np

    planes = []
    for colour in ("Red", "Green", "Blue"):
        told = attributes.get(f"{colour}PaletteColorLookupTableDescriptor")
        data = attributes.get(f"{colour}PaletteColorLookupTableData")
        if not isinstance(told, list) or len(told) != 3 or not isinstance(data, str):
            return None
        count, first, bits = (int(str(number)) for number in told)
        table = np.frombuffer(base64.b64decode(data), "<u2" if bits > 8 else "u1")[: count or 65536]
        if not len(table):
            return None
        index = np.clip(samples.astype(np.int64) - first, 0, len(table) - 1)
        planes.append((table[index] >> 8 if bits > 8 else table[index]).astype(np.uint8))
    return np.stack(planes, axis=-1)


def _number(attributes: Mapping[str, Json], name: str, default: int) -> int:
    value = attributes.get(name)
    return value if isinstance(value, int) else default


def _decimal(attributes: Mapping[str, Json], name: str, default: float | None = None) -> Any:
    value = attributes.get(name)
    if isinstance(value, list):
        value = value[0] if value else None
    try:
        return float(str(value).strip())
    except ValueError:
        return default
