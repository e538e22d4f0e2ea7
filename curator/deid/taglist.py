"""Lists of private elements that may stay: TCIA's knowledge base, and the project's own verdicts.

TCIA publishes its private-tag knowledge base as CSV with the columns ``element_sig_pattern`` (such as
``(0019,"GEMS_ACQU_01",0a)``, the sequences it stands in before it), ``vr`` and ``private_disposition`` (``k`` keep,
``o`` offset the date, ``h`` hash the UID, all else delete). A project's verdicts are ``creator``, ``element``,
``verdict`` (keep, remove), ``by``, ``when``, ``why``.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from curator.deid.private import Refused, Safe, creator_of, is_creator, safe_by_standard
from curator.dicom import Json
from curator.errors import UsageError

Key: TypeAlias = tuple[int, str, int]
"""(group, creator in upper case, last two digits): an element in whichever block it stands."""

_LAST = re.compile(r'\(([0-9a-f]{4}),\s*"([^"]*)",\s*([0-9a-f]{2})\)\s*$', re.IGNORECASE)
_ELEMENT = re.compile(r"\(?([0-9a-f]{4}),?\s*(?:xx|[0-9a-f]{2})?([0-9a-f]{2})\)?", re.IGNORECASE)
_STAYS: Final = frozenset({"k", "o", "h"})
_KNOWLEDGE: Final = ("element_sig_pattern", "private_disposition")
_VERDICTS: Final = ("creator", "element", "verdict")
VERDICT_COLUMNS: Final = (*_VERDICTS, "by", "when", "why")


@dataclass(frozen=True, slots=True)
class PrivateList:
    """What a list says of private elements: who keeps it (text), or who refuses it (`Refused`)."""

    name: str
    rows: Mapping[Key, str] = field(repr=False)
    decides: bool = False
    """Its word counts before the standard's: the project's own verdicts."""

    def says(self, node: Mapping[str, Json], tag: int) -> str:
        """Return who keeps or refuses the element, "" where the list does not know it."""
        return self.rows.get((tag >> 16, creator_of(node, tag).upper(), tag & 0xFF), "")


def read_private_list(text: str, name: str) -> PrivateList:
    """Return the list in a CSV of either form; UsageError names every wrong line."""
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    try:
        columns = {column.strip().lower(): column for column in reader.fieldnames or () if column}
    except csv.Error as error:
        raise UsageError(f"{name}: no CSV: {error}") from None
    if all(column in columns for column in _KNOWLEDGE):
        return _knowledge(reader, columns, name)
    if all(column in columns for column in _VERDICTS):
        return _verdicts(reader, columns, name)
    raise UsageError(
        f"{name} is no list of private elements: its columns must include {', '.join(_KNOWLEDGE)} "
        f"(TCIA's knowledge base) or {', '.join(_VERDICTS)} (verdicts)"
    )


def _knowledge(reader: csv.DictReader[str], columns: Mapping[str, str], name: str) -> PrivateList:
    stays: dict[Key, bool] = {}
    for row in _rows(reader, name):
        pattern = row.get(columns["element_sig_pattern"]) or ""
        found = _LAST.search(pattern)
        if found is None or not int(found[1], 16) % 2:
            continue  # a standard element, or one whose creator is unknown: this list is no word on it
        key = int(found[1], 16), found[2].strip().upper(), int(found[3], 16)
        word = (row.get(columns["private_disposition"]) or "").strip().lower()
        # The same element in other sequences may be judged otherwise: what one row deletes does not stay.
        stays[key] = stays.get(key, True) and word in _STAYS
    return PrivateList(
        name, {key: f"{name}: keep" if keep else Refused(f"{name}: delete") for key, keep in stays.items()}
    )


def _verdicts(reader: csv.DictReader[str], columns: Mapping[str, str], name: str) -> PrivateList:
    rows: dict[Key, str] = {}
    wrong: list[str] = []
    for row in _rows(reader, name):
        element = _ELEMENT.fullmatch((row.get(columns["element"]) or "").strip())
        word = (row.get(columns["verdict"]) or "").strip().lower()
        creator = (row.get(columns["creator"]) or "").strip().upper()
        if element is None or not int(element[1], 16) % 2 or not creator:
            wrong.append(f"  {name}:{reader.line_num}: an element such as 0019,xx0A and its creator")
            continue
        if word not in ("keep", "remove"):
            wrong.append(f"  {name}:{reader.line_num}: the verdict is keep or remove")
            continue
        said = ", ".join(
            f"{label} {text}"
            for label in ("by", "when", "why")
            if label in columns and (text := (row.get(columns[label]) or "").strip())
        )
        told = f"{name}: {word}{f' ({said})' if said else ''}"
        key = int(element[1], 16), creator, int(element[2], 16)
        if key in rows and isinstance(rows[key], Refused) != (word == "remove"):
            wrong.append(f"  {name}:{reader.line_num}: the same element was judged otherwise above")
        rows[key] = Refused(told) if word == "remove" else told
    if wrong:
        raise UsageError("\n".join([f"{name} holds verdicts that cannot be taken:", *wrong]))
    return PrivateList(name, rows, decides=True)


def _rows(reader: csv.DictReader[str], name: str) -> list[dict[str, str]]:
    try:
        return list(_numbered(reader))
    except csv.Error as error:
        raise UsageError(f"{name}:{reader.line_num}: no CSV: {error}") from None


def _numbered(reader: csv.DictReader[str]) -> list[dict[str, str]]:
    return [row for row in reader if any(row.values())]


def kept_keys(lists: Iterable[PrivateList]) -> frozenset[Key]:
    """Return the elements that a list keeps, as verification asks for them."""
    return frozenset(key for one in lists for key, said in one.rows.items() if not isinstance(said, Refused))


def in_order(lists: Sequence[PrivateList]) -> Safe:
    """Return one word from the standard and the lists: verdicts first, then the standard, then the others.

    A creator stays where an element of its block does.
    """
    verdicts = tuple(one for one in lists if one.decides)
    others = tuple(one for one in lists if not one.decides)

    def element(node: Mapping[str, Json], tag: int, vr: str) -> str:
        for one in verdicts:
            if said := one.says(node, tag):
                return said
        if said := safe_by_standard(node, tag, vr):
            return said
        return next((said for one in others if (said := one.says(node, tag))), "")

    def safe(node: Mapping[str, Json], tag: int, vr: str) -> str:
        if not is_creator(tag):
            return element(node, tag, vr)
        block = f"{tag >> 16:04X}{tag & 0xFF:02X}"
        for key in node:
            if len(key) == 8 and key.startswith(block):
                said = element(node, int(key, 16), "")
                if said and not isinstance(said, Refused):
                    return "private creator of safe elements"
        return ""

    return safe
