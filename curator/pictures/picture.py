"""A frame ready to be looked at: samples decoded once, seen through any window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from curator.dicom import Json
from curator.pictures.codestream import Beside, texts_beside
from curator.pictures.colour import coloured, eight_bits, rgb_of_ybr
from curator.pictures.decoding import decoded
from curator.pictures.frame import described
from curator.pictures.greyscale import Grey, Voi, grey_of
from curator.pictures.overlay import overlay_of
from curator.pictures.values import NoPicture

if TYPE_CHECKING:
    from curator.pictures.values import Array

__all__ = ["NoPicture", "Picture", "picture_of"]


@dataclass(frozen=True, slots=True)
class Picture:
    """One decoded frame: either ``grey``, with windows to choose from, or ``colour`` as it is."""

    grey: Grey | None
    colour: Array | None = field(repr=False)
    overlay: Array | None = field(repr=False)
    """Where overlay planes draw; None where there are none."""
    beside: tuple[Beside, ...] = ()
    """Text in the codestream's own header."""

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns."""
        found = self.grey.stored if self.grey is not None else self.colour
        assert found is not None
        return found.shape[0], found.shape[1]

    @property
    def presets(self) -> tuple[Voi, ...]:
        """The windows and tables to choose from, the file's own first; none for colour."""
        return self.grey.presets if self.grey is not None else ()

    @property
    def weight(self) -> int:
        """Bytes that the samples take in memory."""
        found = self.grey.stored if self.grey is not None else self.colour
        assert found is not None
        return int(found.nbytes)

    def shown(self, voi: Voi | None = None, *, inverted: bool = False) -> Array:
        """Return 8-bit samples, rows × columns (× 3), seen through ``voi`` (default: the first preset)."""
        if self.grey is not None:
            return self.grey.shown(voi or self.grey.presets[0], inverted=inverted)
        assert self.colour is not None
        return 255 - self.colour if inverted else self.colour


def picture_of(
    data: bytes, content_type: str, attributes: Mapping[str, Json], *, index: int = 0, modality: str = ""
) -> Picture:
    """Return a frame's picture, from what GetImageFrame answers and its instance's attributes.

    ``index`` is the frame's in its instance. Raises `NoPicture` where it cannot be decoded.
    """
    samples, photometric, raw = decoded(data, content_type, attributes)
    if not samples.size:
        raise NoPicture("the frame has no pixels")
    overlay = overlay_of(raw, attributes, index)
    beside = texts_beside(data)
    if samples.ndim == 3:
        eight = eight_bits(samples, attributes)
        return Picture(None, rgb_of_ybr(eight) if photometric == "YBR_FULL" else eight, overlay, beside)
    if photometric == "PALETTE COLOR" and (colours := coloured(samples, attributes)) is not None:
        return Picture(None, colours, overlay, beside)
    return Picture(grey_of(samples, described(attributes, index), modality=modality), None, overlay, beside)
