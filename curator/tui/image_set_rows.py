"""The rows of the image-set list: which match, in which order, and what their cells say.

No Textual in here. Rows are the catalogue's `Row`, wherever they come from; a filter narrows the hits of the
filter before it while somebody types, so that a key costs milliseconds among 100,000 image sets.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from curator.catalogue.rows import Row
from curator.catalogue.where import Operator, Term, Where
from curator.errors import UsageError
from curator.tui.widgets.row_view import Cell, Column

if TYPE_CHECKING:
    from curator.healthimaging import ImageSetSummary

COLUMNS: Final = (
    Column("patient_id", "Patient ID", 11, grow=2),
    Column("patient_name", "Patient name", 13, grow=3),
    Column("modality", "Mod", 6),
    Column("study_date", "Study date", 10),
    Column("study_description", "Study", 8, grow=4),
    Column("series_description", "Series", 14, grow=4),
    Column("accession", "Accession", 12),
    Column("instances", "Inst", 4, right=True),
    Column("version", "Ver", 3, right=True),
    Column("status", "Status", 10),
    Column("primary", "Primary", 7),
    Column("conflicts", "Confl", 5, right=True),
    Column("birth_date", "Birth date", 10),
    Column("patient_sex", "Sex", 3),
    Column("body_part", "Body part", 10),
    Column("manufacturer", "Manufacturer", 14, grow=1),
    Column("study_id", "Study ID", 10),
    Column("frames", "Frames", 7, right=True),
    Column("created_at", "Created", 16),
    Column("updated_at", "Updated", 16),
    Column("tier", "Storage tier", 14),
    Column("id", "Set id", 8),
)
BY_KEY: Final = {column.key: column for column in COLUMNS}
SHOWN: Final = (
    "patient_id", "patient_name", "modality", "study_date", "study_description", "instances", "version", "conflicts", "id",
)  # fmt: skip
"""The columns shown until somebody chooses others."""


def row_of(summary: ImageSetSummary) -> Row:
    """Return the row of what SearchImageSets tells; what only the document says stays empty."""
    dicom = summary.dicom

    def text(key: str) -> str:
        return str(dicom.get(key, "") or "").strip()

    return Row(
        id=summary.id,
        version=int(summary.version or 0),
        read=False,
        patient_id=text("DICOMPatientId"),
        patient_name=text("DICOMPatientName"),
        patient_sex=text("DICOMPatientSex"),
        birth_date=text("DICOMPatientBirthDate"),
        study_uid=text("DICOMStudyInstanceUID"),
        study_id=text("DICOMStudyId"),
        accession=text("DICOMAccessionNumber"),
        study_date=text("DICOMStudyDate"),
        study_description=text("DICOMStudyDescription"),
        series_uid=text("DICOMSeriesInstanceUID"),
        series_number=text("DICOMSeriesNumber"),
        series_description=text("DICOMSeriesDescription"),
        modality=text("DICOMSeriesModality"),
        body_part=text("DICOMSeriesBodyPart"),
        manufacturer="",
        instances=int(dicom.get("DICOMNumberOfStudyRelatedInstances") or 0),
        frames=0,
        size=0,
        state="",
        status="",
        message="",
        primary=summary.is_primary,
        conflicts=0,
        deidentified=False,
        deleted=False,
        created_at=summary.created_at.timestamp() if summary.created_at else 0.0,
        updated_at=summary.updated_at.timestamp() if summary.updated_at else 0.0,
        tier=summary.storage_tier,
    )


def date_text(value: str) -> str:
    """Return a DA value as people read it, anything else as it is."""
    return f"{value[:4]}-{value[4:6]}-{value[6:]}" if len(value) == 8 and value.isdigit() else value


def moment_text(seconds: float) -> str:
    """Return epoch seconds as local time to the minute."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds)) if seconds else ""


def _primary(row: Row) -> Cell:
    return {True: ("yes", "good"), False: ("no", "warn"), None: ("", "dim")}[row.primary]


def _status(row: Row) -> Cell:
    if row.status.endswith("_FAILED"):
        return row.status, "bad"
    return row.status, "accent" if row.state == "LOCKED" else "good"


_CELLS: Final[dict[str, Callable[[Row], Cell]]] = {
    "patient_name": lambda row: (row.patient_name, "title"),
    "study_date": lambda row: date_text(row.study_date),
    "birth_date": lambda row: date_text(row.birth_date),
    "modality": lambda row: (row.modality, "accent"),
    "created_at": lambda row: (moment_text(row.created_at), "dim"),
    "updated_at": lambda row: (moment_text(row.updated_at), "dim"),
    "id": lambda row: (row.id[:8], "dim"),
    "tier": lambda row: (row.tier, "dim"),
    "status": _status,
    "primary": _primary,
    "instances": lambda row: f"{row.instances:,}" if row.instances else "",
    "frames": lambda row: f"{row.frames:,}" if row.frames else "",
    "version": lambda row: (str(row.version), "accent" if row.version > 1 else "dim"),
    "conflicts": lambda row: (str(row.conflicts), "bad") if row.conflicts else "",
}


class Filter:
    """A filter as it is typed: free words look into the haystacks, the rest asks the row."""

    def __init__(self, text: str = "") -> None:
        where = Where.parse(text)
        self.text = text
        self.words = tuple(
            term.values[0]
            for term in where.terms
            if not term.field and not term.negated and term.operator is Operator.HAS and len(term.values) == 1
        )
        plain = set(self.words)
        self.terms: tuple[Term, ...] = tuple(
            term
            for term in where.terms
            if term.field or term.negated or len(term.values) != 1 or term.values[0] not in plain
        )

    def narrows(self, before: Filter) -> bool:
        """Tell whether every row that meets this one surely meets ``before``."""
        return all(any(old in new for new in self.words) for old in before.words) and set(
            before.terms
        ) <= set(self.terms)

    def hits(self, rows: Sequence[Row], haystacks: Sequence[str], among: Iterable[int]) -> list[int]:
        """Return which of ``among`` match, in their order."""
        found = list(among)
        for word in self.words:
            found = [index for index in found if word in haystacks[index]]
        for term in self.terms:
            found = [index for index in found if term.matches(rows[index], _nothing)]
        return found


def _nothing(row: Row, keyword: str) -> str:
    """Look up nothing: a row knows only its own fields."""
    return ""


class ImageSetRows:
    """All rows known, and the hits among them: what the list shows."""

    def __init__(self) -> None:
        self._all: list[Row] = []
        self._haystacks: list[str] = []
        self._places: dict[str, int] = {}
        self._order: list[int] = []
        self._hits: list[int] = []
        self._filter = Filter()
        self.sorted_by = ""
        self.descending = False
        self.problem = ""  # why the filter typed last does not parse

    # --- Rows

    def __len__(self) -> int:
        return len(self._hits)

    def key(self, index: int) -> str:
        """Return the image set's id."""
        return self._all[self._hits[index]].id

    def cells(self, index: int, columns: Sequence[Column]) -> Sequence[Cell]:
        """Return the cells of the row at ``index``."""
        row = self._all[self._hits[index]]
        return [
            _CELLS[column.key](row) if column.key in _CELLS else str(getattr(row, column.key))
            for column in columns
        ]

    # --- what else is asked

    @property
    def total(self) -> int:
        """Return how many rows there are, whatever the filter."""
        return len(self._all)

    def at(self, index: int) -> Row | None:
        """Return the row shown at ``index``."""
        return self._all[self._hits[index]] if 0 <= index < len(self._hits) else None

    def of(self, image_set: str) -> Row | None:
        """Return the row of an image set, shown or not."""
        place = self._places.get(image_set)
        return None if place is None else self._all[place]

    def has(self, column: str) -> bool:
        """Tell whether any row says something in a column."""
        value = attrgetter(column)
        return any(value(row) for row in self._all)

    def place(self, image_set: str) -> int:
        """Return where an image set is shown, or ``-1``."""
        number = self._places.get(image_set, -1)
        try:
            return self._hits.index(number)
        except ValueError:
            return -1

    # --- changes

    def replace(self, rows: Sequence[Row], haystacks: Sequence[str] | None = None) -> None:
        """Show these rows and no others, by the same filter and in the same order."""
        self._all = list(rows)
        self._haystacks = list(haystacks or ())
        self._places = {row.id: index for index, row in enumerate(self._all)}
        self._order = list(range(len(self._all)))
        self._sort()

    def add(self, rows: Sequence[Row]) -> None:
        """Add rows, or replace those of the same id, and show those that match."""
        fresh: list[int] = []
        for row in rows:
            known = self._places.get(row.id)
            if known is None:
                self._places[row.id] = len(self._all)
                fresh.append(len(self._all))
                self._all.append(row)
            else:
                self._all[known] = row
                if known < len(self._haystacks):
                    self._haystacks[known] = row.haystack
        self._order.extend(fresh)
        if len(fresh) < len(rows) or self.sorted_by:
            self._sort()
        else:
            self._hits.extend(self._matching(self._filter, fresh))

    def _matching(self, wanted: Filter, among: Sequence[int]) -> list[int]:
        """Return which of ``among`` match; haystacks nobody brought are made on the first need."""
        if wanted.words:
            self._haystacks.extend(row.haystack for row in self._all[len(self._haystacks) :])
        return wanted.hits(self._all, self._haystacks, among)

    def filter(self, text: str) -> None:
        """Show what matches ``text``.

        Of one that does not parse (yet) the terms before the wrong one count, and `problem` says what is wrong.
        """
        wanted, self.problem = None, ""
        while wanted is None:
            try:
                wanted = Filter(text)
            except UsageError as error:
                self.problem = self.problem or error.message
                text = text.rstrip().rpartition(" ")[0]
        among = self._hits if wanted.narrows(self._filter) else self._order
        self._hits = self._matching(wanted, among)
        self._filter = wanted

    @property
    def filtered(self) -> str:
        """Return the filter that is applied."""
        return self._filter.text

    def sort(self, by: str, *, descending: bool = False) -> None:
        """Sort by a column; ``""`` is the order in which the rows came."""
        self.sorted_by, self.descending = by, descending
        self._sort()

    def _sort(self) -> None:
        if self.sorted_by:
            value = attrgetter(self.sorted_by)
            keys = [value(row) for row in self._all]
            if self.sorted_by == "primary":
                keys = [-1 if key is None else int(key) for key in keys]
            elif keys and isinstance(keys[0], str):
                keys = [key.casefold() for key in keys]
            self._order.sort(key=keys.__getitem__, reverse=self.descending)
        else:
            self._order.sort()
        self._hits = self._matching(self._filter, self._order)
