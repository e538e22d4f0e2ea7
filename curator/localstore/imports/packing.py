"""Instances of a job while they wait for its end: small, because a job may have 5,000 of them, and some are megabytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import msgspec
from isal import isal_zlib

from curator.dicom import Json
from curator.localstore.parsed import ParsedFrame, ParsedInstance, StagedFrame

__all__ = ["PackedInstance", "Unpacking", "pack"]


@dataclass(frozen=True, slots=True)
class PackedInstance:
    """A read file: what grouping looks at, and the rest of it compressed."""

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    patient: dict[str, Json]
    study: dict[str, Json]
    series: dict[str, Json]
    source: str
    stored_transfer_syntax: str | None
    packed: bytes
    """Compressed JSON of the instance's attributes, their VRs, and (entry, key, content type) of each frame."""

    def unpack(self) -> ParsedInstance:
        """Return the instance whole, as the storage takes it."""
        instance, vrs, frames = msgspec.json.decode(isal_zlib.decompress(self.packed))
        return ParsedInstance(
            study_instance_uid=self.study_instance_uid,
            series_instance_uid=self.series_instance_uid,
            sop_instance_uid=self.sop_instance_uid,
            patient=self.patient,
            study=self.study,
            series=self.series,
            instance=instance,
            vrs=vrs,
            frames=tuple(ParsedFrame(entry, StagedFrame(key), kind) for entry, key, kind in frames),
            stored_transfer_syntax=self.stored_transfer_syntax,
            source=self.source,
        )


def pack(instance: ParsedInstance) -> PackedInstance:
    """Return the instance packed; its frames must be staged."""
    frames = [
        (frame.entry, frame.payload.key, frame.content_type)
        for frame in instance.frames
        if isinstance(frame.payload, StagedFrame)
    ]
    body = msgspec.json.encode([instance.instance, instance.vrs, frames])
    return PackedInstance(
        study_instance_uid=instance.study_instance_uid,
        series_instance_uid=instance.series_instance_uid,
        sop_instance_uid=instance.sop_instance_uid,
        patient=instance.patient,
        study=instance.study,
        series=instance.series,
        source=instance.source,
        stored_transfer_syntax=instance.stored_transfer_syntax,
        packed=isal_zlib.compress(body, 1),
    )


class Unpacking(Sequence[ParsedInstance]):
    """Packed instances as whole ones, one in memory at a time."""

    def __init__(self, packed: Sequence[PackedInstance]) -> None:
        self._packed = packed

    def __len__(self) -> int:
        return len(self._packed)

    def __iter__(self) -> Iterator[ParsedInstance]:
        return (one.unpack() for one in self._packed)

    @overload
    def __getitem__(self, index: int) -> ParsedInstance: ...
    @overload
    def __getitem__(self, index: slice) -> Unpacking: ...
    def __getitem__(self, index: int | slice) -> ParsedInstance | Unpacking:
        if isinstance(index, slice):
            return Unpacking(self._packed[index])
        return self._packed[index].unpack()
