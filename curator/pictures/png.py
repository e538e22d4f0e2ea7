"""A picture as a PNG file's bytes."""

from __future__ import annotations

from collections.abc import Mapping

from curator.dicom import Json
from curator.pictures.picture import picture_of


def png_of(data: bytes, content_type: str, attributes: Mapping[str, Json], *, index: int = 0) -> bytes:
    """Return a frame as an 8-bit PNG, grey or RGB, windowed as its attributes say; raises `NoPicture`."""
    import imagecodecs

    return bytes(imagecodecs.png_encode(picture_of(data, content_type, attributes, index=index).shown()))
