"""Kept frames as DICOMweb asks for them: as stored, or uncompressed."""

from __future__ import annotations

from collections.abc import Mapping

from curator.dicom import Json
from curator.localstore.frames.codecs import decode_frame
from curator.localstore.frames.description import PixelDescription, describe
from curator.localstore.frames.native import native_bytes, packed_bits
from curator.localstore.frames.stored import EXPLICIT_LITTLE, HTJ2K_RPCL

__all__ = ["Delivered", "deliver", "photometric"]

_TRANSFORMED = {"YBR_RCT": "RGB", "YBR_ICT": "RGB", "YBR_PARTIAL_420": "YBR_FULL", "YBR_FULL_422": "YBR_FULL"}
"""What PhotometricInterpretation becomes when its codestream's colour transform or sub-sampling is undone."""


class Delivered:
    """The frames of one instance, each decoded when asked for."""

    def __init__(self, instance: Mapping[str, Json], stored: str) -> None:
        real = "FloatPixelData" in instance or "DoubleFloatPixelData" in instance
        self.stored = stored
        self.what: PixelDescription = describe(instance, real=real)

    def native(self, payload: bytes) -> bytes:
        """Return a kept frame in Explicit VR Little Endian, colour by pixel or by plane as the attributes say.

        Raises RefusedFile where the attributes, which people may edit, no longer describe the frame.
        """
        if self.stored == EXPLICIT_LITTLE:
            return payload
        samples = decode_frame(payload, self.stored, self.what)
        if self.what.allocated == 1:
            return packed_bits(samples)
        if self.what.planar:
            samples = samples.transpose(2, 0, 1)
        return native_bytes(samples)

    @property
    def word(self) -> str:
        """VR of uncompressed PixelData (PS3.5 A.2)."""
        return "OW" if self.what.allocated > 8 or self.what.allocated == 1 else "OB"


def photometric(instance: Mapping[str, Json], stored: str, syntax: str) -> Json:
    """Return PhotometricInterpretation as it is true of frames delivered in ``syntax``."""
    stated = instance.get("PhotometricInterpretation")
    if not isinstance(stated, str) or (syntax == stored and stored != HTJ2K_RPCL):
        return stated
    return _TRANSFORMED.get(stated, stated)


def deliver(frames: Delivered, payload: bytes, syntax: str) -> bytes:
    """Return one kept frame in the transfer syntax asked for: the stored one or Explicit VR Little Endian."""
    return payload if syntax == frames.stored else frames.native(payload)
