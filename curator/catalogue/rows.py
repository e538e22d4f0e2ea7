"""One row an image set: what lists and the terminal interface show, sort and narrow by."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec


class Row(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An image set in lists. Texts are the service's values, unpadded: make them `printable` before showing.

    ``version`` is the latest that a listing named; ``read`` tells whether that version's document is in the catalogue
    (otherwise series texts and counts are empty or of an older version). Times are epoch seconds.
    """

    id: str
    version: int
    read: bool
    patient_id: str
    patient_name: str
    patient_sex: str
    birth_date: str
    study_uid: str
    study_id: str
    accession: str
    study_date: str
    study_description: str
    series_uid: str
    series_number: str
    series_description: str
    modality: str
    body_part: str
    manufacturer: str
    instances: int
    frames: int
    size: int
    state: str
    status: str
    message: str
    primary: bool | None
    conflicts: int
    deidentified: bool
    deleted: bool
    created_at: float
    updated_at: float
    tier: str

    @property
    def haystack(self) -> str:
        """The row's texts in one casefolded string, for searching as one types."""
        return "\x1f".join(
            (
                self.id,
                self.patient_id,
                self.patient_name,
                self.study_description,
                self.series_description,
                self.study_date,
                self.modality,
                self.body_part,
                self.accession,
                self.manufacturer,
                self.study_uid,
                self.series_uid,
            )
        ).casefold()

    @property
    def updated_text(self) -> str:
        """``updatedAt`` in ISO 8601, UTC, to the second."""
        return _moment(self.updated_at)

    @property
    def created_text(self) -> str:
        """``createdAt`` in ISO 8601, UTC, to the second."""
        return _moment(self.created_at)


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if seconds else ""


COLUMNS: Final = ", ".join(
    {"read": "read_version IS version", "primary": "is_primary"}.get(name, name)
    for name in Row.__struct_fields__
)
"""The SQL expressions of `image_set` in the order of `Row`'s fields."""


_AT_ONCE: Final = 2_000
"""Records converted in one go: other threads wait as long, and one of them may be answering a key."""


def from_records(records: Sequence[Sequence[object]]) -> list[Row]:
    """Return the rows of SQLite records of `COLUMNS`; 0 and 1 become truth values where `Row` says so."""
    rows: list[Row] = []
    for first in range(0, len(records), _AT_ONCE):
        rows += msgspec.convert(records[first : first + _AT_ONCE], list[Row], strict=False)
    return rows


SORTS: Final = {
    "updated": "updated_at",
    "created": "created_at",
    "id": "id",
    "patient": "patient_id",
    "name": "patient_name",
    "date": "study_date",
    "study": "study_description",
    "series": "series_description",
    "number": "CAST(series_number AS INTEGER)",
    "modality": "modality",
    "instances": "instances",
    "frames": "frames",
    "conflicts": "conflicts",
    "status": "status",
    "version": "version",
}
"""What `--sort` may name → the SQL expression; a leading ``-`` turns the order."""
