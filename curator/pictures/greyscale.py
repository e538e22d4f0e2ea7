"""Grey values from stored ones: the modality transform, and the windows and tables that say what is seen.

Sources: PS3.3 C.11.1 (modality), C.11.2 (VOI; C.11.2.1.2 windows, C.11.2.1.3 their functions), C.7.6.3.1.2 (MONOCHROME1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from curator.dicom import Json
from curator.pictures.values import decimal, decimals, items, looked_up, table_of, whole, words_of

if TYPE_CHECKING:
    from curator.pictures.values import Array

_WIDEST: Final = 1 << 20
"""Distinct whole numbers up to which a table is made once, and every pixel looked up in it."""
CT_WINDOWS: Final = (
    ("soft tissue", 40, 400),
    ("lung", -600, 1500),
    ("bone", 480, 2500),
    ("brain", 40, 80),
)
"""What radiologists call these, for values in Hounsfield units."""


@dataclass(frozen=True, slots=True)
class Window:
    """Centre and width in the values that the modality transform gives; ``name`` may be the file's own words."""

    name: str
    centre: float
    width: float
    function: str = "LINEAR"

    def moved(self, centre: float, width: float) -> Window:
        """Return a window of one's own, of the same function."""
        return Window("own", centre, max(width, 1.0), self.function)

    def apply(self, values: Array) -> Array:
        """Return values from 0 to 1."""
        import numpy as np

        x: Array = values.astype(np.float32)
        if self.function == "SIGMOID":
            x = 1.0 / (1.0 + np.exp(np.clip(-4 * (x - self.centre) / max(self.width, 1e-6), -60, 60)))
        elif self.function == "LINEAR_EXACT":
            x = (x - self.centre) / max(self.width, 1e-6) + 0.5
        elif self.width <= 1:
            x = (x > self.centre - 0.5).astype(np.float32)
        else:
            x = (x - (self.centre - 0.5)) / (self.width - 1) + 0.5
        return np.clip(x, 0, 1)


@dataclass(frozen=True, slots=True)
class Table:
    """A VOI look-up table of the file's."""

    name: str
    first: int
    bits: int
    entries: Array = field(repr=False)

    def apply(self, values: Array) -> Array:
        """Return values from 0 to 1."""
        import numpy as np

        return looked_up(np.rint(values), self.first, self.entries).astype(np.float32) / (
            (1 << self.bits) - 1
        )


Voi: TypeAlias = "Window | Table"


@dataclass(frozen=True, slots=True)
class Grey:
    """A grey frame: stored values, what they mean, and how the file wants them seen."""

    stored: Array = field(repr=False)
    modality: Callable[[Array], Array] = field(repr=False)
    inverse: bool
    presets: tuple[Voi, ...]
    """What to choose from, the file's own first; never empty."""

    def shown(self, voi: Voi, *, inverted: bool = False) -> Array:
        """Return 8 bits, the larger the brighter."""
        import numpy as np

        def bright(stored: Array) -> Array:
            seen = voi.apply(self.modality(stored))
            seen = np.nan_to_num(1 - seen if self.inverse != inverted else seen)
            eight: Array = (seen * 255 + 0.5).astype(np.uint8)
            return eight

        low, high = (int(each) for each in self._ends()) if self.stored.dtype.kind in "iu" else (0, _WIDEST)
        if high - low >= _WIDEST or high - low >= 4 * self.stored.size:
            return bright(self.stored)
        table = bright(np.arange(low, high + 1, dtype=np.int64))
        return table[self.stored.astype(np.int64) - low]

    def value_at(self, row: int, column: int) -> float:
        """Return what the value at a pixel means, in the modality's unit."""
        return float(self.modality(self.stored[row : row + 1, column : column + 1])[0, 0])

    def _ends(self) -> tuple[Array, Array]:
        return self.stored.min(), self.stored.max()


def grey_of(stored: Array, attributes: Mapping[str, Json], *, modality: str = "") -> Grey:
    """Return a grey frame as its attributes describe it (those of `curator.pictures.Frame.described`)."""
    transform = _modality_of(attributes)
    presets: list[Voi] = [*_windows(attributes), *_tables(attributes)]
    ranged = _whole_range(stored, attributes, transform)
    if modality == "CT" and decimals(attributes.get("RescaleSlope")):
        presets += [Window(name, centre, width) for name, centre, width in CT_WINDOWS]
    inverse = attributes.get("PhotometricInterpretation") == "MONOCHROME1"
    return Grey(stored, transform, inverse, (*presets, ranged))


def _modality_of(attributes: Mapping[str, Json]) -> Callable[[Array], Array]:
    import numpy as np

    signed = whole(attributes, "PixelRepresentation", 0) == 1
    for item in items(attributes.get("ModalityLUTSequence"))[:1]:
        table = table_of(item.get("LUTDescriptor"), item.get("LUTData"), signed=signed)
        if table is not None:
            first, _, entries = table
            return lambda values: looked_up(values, first, entries)
    slope, intercept = decimal(attributes, "RescaleSlope", 1.0), decimal(attributes, "RescaleIntercept", 0.0)
    if (slope, intercept) == (1.0, 0.0):
        return lambda values: values
    return lambda values: values.astype(np.float64) * slope + intercept


def _windows(attributes: Mapping[str, Json]) -> Iterator[Window]:
    centres, widths = decimals(attributes.get("WindowCenter")), decimals(attributes.get("WindowWidth"))
    names = words_of(attributes.get("WindowCenterWidthExplanation"))
    function = str(attributes.get("VOILUTFunction") or "LINEAR").strip().upper()
    for number, (centre, width) in enumerate(zip(centres, widths, strict=False)):
        if width >= 1 or (width > 0 and function != "LINEAR"):
            name = names[number] if number < len(names) else "file's own"
            yield Window(name, centre, width, function)


def _tables(attributes: Mapping[str, Json]) -> Iterator[Table]:
    signed = whole(attributes, "PixelRepresentation", 0) == 1
    for item in items(attributes.get("VOILUTSequence")):
        found = table_of(item.get("LUTDescriptor"), item.get("LUTData"), signed=signed)
        if found is not None:
            first, bits, entries = found
            name = next(iter(words_of(item.get("LUTExplanation"))), "the file's table")
            yield Table(name, first, bits, entries)


def _whole_range(
    stored: Array, attributes: Mapping[str, Json], transform: Callable[[Array], Array]
) -> Window:
    """Return the window from the least value to the greatest; padding is no value (PS3.3 C.7.5.1.1.2)."""
    import numpy as np

    seen = stored[np.isfinite(stored)] if stored.dtype.kind == "f" else stored
    for padding in decimals(attributes.get("PixelPaddingValue"))[:1]:
        kept = seen[seen != padding]
        seen = kept if kept.size else seen
    if "ModalityLUTSequence" in attributes:  # a table may turn the order round
        seen = transform(seen)
        low, high = (float(seen.min()), float(seen.max())) if seen.size else (0.0, 1.0)
    else:
        ends = np.array([seen.min(), seen.max()] if seen.size else [0, 1])
        low, high = sorted(float(each) for each in transform(ends))
    width = high - low or 1.0
    return Window("all values", low + width / 2, width, "LINEAR_EXACT")


def grey_of_colour(shown: Array) -> Array:
    """Return 8-bit samples without their colour, as bright as they are (ITU-R BT.601)."""
    import numpy as np

    if shown.ndim == 2:
        return shown
    grey: Array = (shown[..., :3] @ np.array([0.299, 0.587, 0.114])).astype(np.uint8)
    return grey


def equalised(shown: Array, seen: Sequence[slice] = ()) -> Array:
    """Return 8-bit samples with contrast stretched evenly over what is seen: faint writing comes out of the dark.

    ``seen``: rows and columns to take the histogram from; all by default.
    """
    import numpy as np

    counted = np.bincount(shown[tuple(seen)].reshape(-1), minlength=256).cumsum()
    least = int(counted[counted > 0].min()) if counted[-1] else 0
    span = int(counted[-1]) - least
    if span <= 0:
        return shown
    return np.clip((counted - least) * 255 / span, 0, 255).astype(np.uint8)[shown]
