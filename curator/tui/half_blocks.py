"""Pictures as cells of half blocks, two pixels in each. No Textual widgets in here.

They are drawn line by line with styles kept by colour: textual-image's renderable of them takes ten times as long for a
slice of CT in 150 × 48 cells, which is too slow to go through a series.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

_UPPER: Final = "▀"
DRAWN: Final = (255, 196, 0)
"""The colour of overlay planes."""


def scaled(image: Array, width: int, height: int) -> Array:
    """Return 8-bit samples in another size, smoothly where it shrinks and where it grows a little."""
    import numpy as np
    from PIL import Image

    if image.shape[:2] == (height, width):
        return np.ascontiguousarray(image)
    grows = width >= 4 * image.shape[1]
    how = Image.Resampling.NEAREST if grows else Image.Resampling.LANCZOS
    picture = Image.fromarray(np.ascontiguousarray(image))
    return np.asarray(picture.resize((width, height), how, reducing_gap=None if grows else 3.0))


def with_overlay(image: Array, overlay: Array) -> Array:
    """Return a picture with overlay planes drawn in a colour that no grey has."""
    import numpy as np

    coloured: Array = np.stack([image] * 3, axis=-1) if image.ndim == 2 else image.copy()
    coloured[overlay] = DRAWN
    return coloured


def strips_of(image: Array) -> list[Strip]:
    """Return lines of half blocks, two rows of samples in each; cells of the same colours are one segment."""
    import numpy as np

    rows, columns = image.shape[:2]
    colours: Array = image.astype(np.int32)
    colours = (
        (colours[..., 0] << 16 | colours[..., 1] << 8 | colours[..., 2])
        if image.ndim == 3
        else colours * 0x10101
    )
    if rows % 2:
        colours = np.vstack([colours, np.full((1, columns), -1)])  # nothing below: the background stays
    differ = colours[:, 1:] != colours[:, :-1]
    differ = differ[0::2] | differ[1::2]
    lines = []
    for upper, lower, changed in zip(colours[0::2].tolist(), colours[1::2].tolist(), differ, strict=True):
        changes = (np.flatnonzero(changed) + 1).tolist()
        begins, ends = [0, *changes], [*changes, columns]
        lines.append(
            Strip(
                [
                    Segment(_UPPER * (end - begin), _style(upper[begin], lower[begin]))
                    for begin, end in zip(begins, ends, strict=True)
                ],
                columns,
            )
        )
    return lines


@lru_cache(maxsize=1 << 16)
def _style(upper: int, lower: int) -> Style:
    return Style(color=f"#{upper:06x}", bgcolor=f"#{lower:06x}" if lower >= 0 else None)
