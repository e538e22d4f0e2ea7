"""What checks see of a data store: facts of its image sets, their documents, and groups found by hashes.

The catalogue provides it. Checks ask for groups that *may* be wrong (their hashes differ) and look into those only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from curator.dicom import Json
from curator.dicom.levels import Level
from curator.imageset import ImageSetMetadata


@dataclass(frozen=True, slots=True)
class SetFacts:
    """What is known of an image set without its document. Times are epoch seconds; ``tags`` None: not read."""

    id: str
    version: str
    state: str = "ACTIVE"
    status: str = "CREATED"
    message: str = field(default="", repr=False)
    primary: bool | None = None
    created_at: float = 0.0
    updated_at: float = 0.0
    instances: int = 0
    frames: int = 0
    modality: str = ""
    tags: Mapping[str, str] | None = field(default=None, repr=False)
    problem: str = ""
    merged_away: bool = False
    """All its instances were merged into another set, and it waits for `finish`: it is a member of no group."""

    @property
    def ref(self) -> tuple[str, str]:
        """(imageSetId, versionId), as findings name a set."""
        return self.id, self.version


@dataclass(frozen=True, slots=True)
class Member:
    """One series of one image set in a group: where it belongs, and the hashes of its three levels."""

    set: SetFacts
    series_uid: str = field(repr=False)
    study_uid: str = field(repr=False)
    patient_id: str = field(repr=False)
    hashes: Mapping[Level, bytes] = field(repr=False)
    instances: int = 0


class Scope(StrEnum):
    """Among what elements must agree."""

    SERIES = "series"
    STUDY = "study"
    PATIENT = "patient"


@dataclass(frozen=True, slots=True)
class Repeated:
    """One SOP Instance UID (by its hash) in several image sets, with hashes of content and of pixels in each."""

    sop: int
    holders: tuple[tuple[SetFacts, int, int], ...]


@dataclass(frozen=True, slots=True)
class Unresolved:
    """References of an image set by one way of sequences whose targets are not in the data store."""

    set: SetFacts
    via: str
    missing: int
    of: int
    series_present: int  # of the missing: those whose series is in the data store


@dataclass(frozen=True, slots=True)
class ImportFailure:
    """Files that an import job refused (``failure.ndjson``) for one reason.

    ``beside``: the sets that the other files of the same folder went into; none where the whole folder was refused.
    """

    reason: str
    files: int
    beside: tuple[SetFacts, ...] = ()
    imported: int = 0  # files of the same folders that were imported


@dataclass(frozen=True, slots=True)
class Flattened:
    """A Patient, Study or Series element whose values in the files given disagree inside one image set."""

    set: SetFacts
    level: Level
    series_uid: str = field(repr=False)
    keyword: str
    vr: str
    values: tuple[tuple[str, int], ...] = field(repr=False)  # (value as text, files)


@dataclass(frozen=True, slots=True)
class PatientUse:
    """One spelling of a patient: PatientID, PatientName and PatientBirthDate as they stand, and the sets with it."""

    patient_id: str = field(repr=False)
    name: str = field(repr=False)
    birth_date: str = field(repr=False)
    sets: tuple[tuple[str, str], ...]  # a few of them, as findings name sets
    count: int


class View(Protocol):
    """A data store as the checks see it; ``now`` is epoch seconds, since the ground has no clock."""

    @property
    def now(self) -> float:
        """The moment the check is made."""

    @property
    def failures(self) -> Sequence[ImportFailure]:
        """Import failures, from the manifests given."""

    @property
    def flattened(self) -> Sequence[Flattened]:
        """Disagreement found by comparing given files with the image sets."""

    def image_sets(self) -> Iterator[SetFacts]:
        """Yield every image set that is not deleted."""

    def document(self, facts: SetFacts) -> ImageSetMetadata | None:
        """Return the set's document, None where it could not be read."""

    def elements(self, digest: bytes) -> Mapping[str, Json]:
        """Return the elements of a level by its hash."""

    def torn(self) -> Iterator[tuple[Member, ...]]:
        """Yield the series that lie in several image sets."""

    def disagreeing(self, scope: Scope) -> Iterator[tuple[Member, ...]]:
        """Yield the groups of a scope in which hashes of a level that must agree differ."""

    def misplaced(self, scope: Scope) -> Iterator[tuple[Member, ...]]:
        """Yield the series that stand under several studies or patients, or the studies under several patients."""

    def patients(self) -> Iterator[PatientUse]:
        """Yield every combination of PatientID (not empty), name and birth date in use."""

    def repeated(self) -> Iterator[Repeated]:
        """Yield SOP Instance UIDs that several image sets hold."""

    def unresolved(self) -> Iterator[Unresolved]:
        """Yield the references whose targets are not in the data store."""
