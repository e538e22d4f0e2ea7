"""Image sets gathered by patient, study or series, and what a group's line says of its members."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from enum import StrEnum
from operator import attrgetter
from typing import Final, NamedTuple

from curator.catalogue.rows import Row
from curator.printable import plural
from curator.tui.image_set_columns import date_text
from curator.tui.rows import GAP, Cell, Column


class GroupBy(StrEnum):
    """What belongs together."""

    NOTHING = ""
    PATIENT = "patient"
    STUDY = "study"
    SERIES = "series"

    def counted(self, count: int) -> str:
        """Return a number of groups in words."""
        words = {"patient": "patients", "study": "studies", "series": "series"}
        return plural(count, self, words.get(self, ""))

    @property
    def next(self) -> GroupBy:
        """Return what comes after it, in a circle."""
        every = list(GroupBy)
        return every[(every.index(self) + 1) % len(every)]


_KEYS: Final[dict[GroupBy, Callable[[Row], str]]] = {
    GroupBy.PATIENT: attrgetter("patient_id"),
    GroupBy.STUDY: attrgetter("study_uid"),
    GroupBy.SERIES: attrgetter("series_uid"),
}
_LABELS: Final[dict[GroupBy, Callable[[Row], tuple[str, ...]]]] = {
    GroupBy.PATIENT: lambda row: (row.patient_id or "(no Patient ID)", row.patient_name),
    GroupBy.STUDY: lambda row: (date_text(row.study_date), row.study_description),
    GroupBy.SERIES: lambda row: (row.series_number, row.series_description or row.modality),
}

COLUMNS: Final = (
    Column("label", "", 28, grow=1),
    Column("sets", "Sets", 10, right=True),
    Column("modalities", "Mod", 9),
    Column("dates", "Years", 10),
    Column("instances", "Inst", 11, right=True),
    Column("conflicts", "Confl", 9),
)
"""The columns of a group's line: what can be said of several image sets in one."""


_DISPENSABLE: Final = ("instances", "dates", "modalities", "conflicts")


class Group(NamedTuple):
    """Rows (by their numbers) that belong together; the order is the list's."""

    key: str
    members: list[int]


def key_of(by: GroupBy, row: Row) -> str:
    """Return the key of the group to which a row belongs; it is no image set's id."""
    return f"{by}\x1f{_KEYS[by](row)}"


def grouped(rows: Sequence[Row], among: Iterable[int], by: GroupBy) -> list[Group]:
    """Return the groups of ``among``, in the order of their first members."""
    value = _KEYS[by]
    found: dict[str, list[int]] = {}
    for number in among:
        found.setdefault(value(rows[number]), []).append(number)
    return [Group(f"{by}\x1f{key}", members) for key, members in found.items()]


def group_cells(by: GroupBy, members: Sequence[Row], *, unfolded: bool) -> dict[str, Cell]:
    """Return the cells of a group's line, by the keys of `COLUMNS`."""
    label = "  ".join(filter(None, (*_LABELS[by](members[0]), _patients(by, members))))
    modalities = sorted({row.modality for row in members} - {""})
    years = sorted({row.study_date[:4] for row in members} - {""})
    instances = sum(row.instances for row in members)
    conflicts = sum(row.conflicts > 0 for row in members)
    count = len(members)
    return {
        "label": (f"{'▾' if unfolded else '▸'} {label}", "title"),
        "sets": f"{count:,} set{'s' if count > 1 else ' '}",
        "modalities": (" ".join(modalities), "accent"),
        "dates": (f"{years[0]}–{years[-1]}" if len(years) > 1 else "".join(years), "dim"),
        "instances": f"{instances:,} inst" if instances else "",
        "conflicts": (f"{conflicts:,} confl" if conflicts else "", "bad"),
    }


def _patients(by: GroupBy, members: Sequence[Row]) -> str:
    """Return whose a study or series is; all of them where it stands under several, for that is wrong."""
    if by is GroupBy.PATIENT:
        return ""
    ids = list(dict.fromkeys(row.patient_id or "(no Patient ID)" for row in members))
    if len(ids) == 1:
        return members[0].patient_id
    return f"{plural(len(ids), 'patient')}: {', '.join(ids)}"


def columns_for(room: int, by: GroupBy = GroupBy.NOTHING) -> tuple[Column, ...]:
    """Return the columns of a group's line for which there is room, the label and the count always."""
    label, *others = COLUMNS
    columns = [replace(label, title=str(by).capitalize()), *others]
    for key in _DISPENSABLE:
        if sum(column.width + GAP for column in columns) <= room:
            break
        columns = [column for column in columns if column.key != key]
    return tuple(columns)
