"""One file of a job: read, checked against what the service takes, its frames kept. Runs in any process."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from curator.dicom import Json
from curator.dicom.uids import TRANSFER_SYNTAXES
from curator.localstore.dicomfile.decode import DecodedFile, decode
from curator.localstore.dicomfile.refusal import ImportException, RefusedFile
from curator.localstore.frames.stored import stored_frames, stored_syntax
from curator.localstore.parsed import ParsedFrame, ParsedInstance, StagedFrame

__all__ = ["LENGTHS", "FileFailure", "read_file"]

MAX_FILE_BYTES: Final = 4 * 10**9
"""Guide, "Service quotas": size of each DICOM P10 file."""
_MAPPED: Final = 16 * 2**20

LENGTHS: Final[dict[str, int]] = {
    "PatientName": 256,
    "PatientID": 256,
    "PatientBirthDate": 18,
    "PatientSex": 16,
    "StudyInstanceUID": 256,
    "StudyID": 16,
    "StudyDescription": 64,
    "AccessionNumber": 256,
    "StudyDate": 18,
    "StudyTime": 28,
}
"""Characters that an element may have at import (guide, "DICOM element constraints")."""
COUNTS: Final[dict[str, int]] = {
    "NumberOfStudyRelatedSeries": 1_000_000,
    "NumberOfStudyRelatedInstances": 10_000,
}
"""Values that an element may have at import (the same table)."""

Put = Callable[[bytes], str]
"""Keeps a frame's bytes and returns their content address."""


@dataclass(frozen=True, slots=True)
class FileFailure:
    """A file that does not get in: a line of ``failure.ndjson``. Holds no value of an element."""

    source: str
    kind: ImportException
    reason: str


def read_file(path: Path, source: str, put: Put) -> ParsedInstance | FileFailure:
    """Return the file as an instance whose frames `put` has kept, or why it cannot be one; never raises for a file."""
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            return FileFailure(source, ImportException.QUOTA, "the file exceeds 4 GB")
        with path.open("rb") as file:
            if size < _MAPPED:
                return _parsed(decode(file.read()), source, put)
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
                return _parsed(decode(mapped), source, put)
    except RefusedFile as refused:
        return FileFailure(source, refused.kind, refused.reason)
    except OSError as error:
        return FileFailure(source, ImportException.SERVER, f"the file cannot be read: {error.strerror}")
    except MemoryError:
        return FileFailure(source, ImportException.QUOTA, "the file does not fit into memory")


def _parsed(file: DecodedFile, source: str, put: Put) -> ParsedInstance:
    syntax = TRANSFER_SYNTAXES.get(file.transfer_syntax)
    if syntax is None or not syntax.supported:
        raise RefusedFile("DICOM attribute TransferSyntaxUID is not a supported transfer syntax")
    study_uid = _uid(file.study, "StudyInstanceUID")
    series_uid = _uid(file.series, "SeriesInstanceUID")
    sop_uid = _uid(file.instance, "SOPInstanceUID")
    _check_lengths(file)
    frames = tuple(_staged(frame, put) for frame in stored_frames(file))
    return ParsedInstance(
        study_instance_uid=study_uid,
        series_instance_uid=series_uid,
        sop_instance_uid=sop_uid,
        patient=file.patient,
        study=file.study,
        series=file.series,
        instance=file.instance,
        vrs=file.vrs,
        frames=frames,
        stored_transfer_syntax=stored_syntax(file),
        source=source,
    )


def _staged(frame: ParsedFrame, put: Put) -> ParsedFrame:
    payload = frame.payload
    return frame if isinstance(payload, StagedFrame) else replace(frame, payload=StagedFrame(put(payload)))


def _uid(level: Mapping[str, Json], keyword: str) -> str:
    value = level.get(keyword)
    if not isinstance(value, str) or not value:
        raise RefusedFile(f"DICOM attribute {keyword} does not exist")
    # assumption: letters in a UID are let through, as real files hold them; what could be no part of a path is not.
    if len(value) > 64 or not value.isascii() or not value.replace(".", "").replace("-", "").isalnum():
        raise RefusedFile(f"DICOM attribute {keyword} is not a UID")
    return value


def _check_lengths(file: DecodedFile) -> None:
    for level in (file.patient, file.study):
        for keyword, limit in LENGTHS.items():
            value = level.get(keyword)
            if isinstance(value, str) and len(value) > limit:
                raise RefusedFile(f"DICOM attribute {keyword} is longer than {limit} characters")
    for keyword, limit in COUNTS.items():
        value = file.instance.get(keyword)
        if isinstance(value, str) and value.isdigit() and int(value[:20]) > limit:
            raise RefusedFile(f"DICOM attribute {keyword} is more than {limit}")
