"""Who is who, as the user says it: ids that mean one person, and pseudonyms fixed beforehand.

Two CSVs: aliases (``id``, ``same_as``, optionally ``issuer``, ``same_as_issuer``) and assigned pseudonyms (``id``,
``pseudonym``, optionally ``issuer``). A `Register` holds a whole campaign's subjects and refuses two originals with one
pseudonym. Messages name lines and counts, never ids.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from curator.deid.subject import Subject
from curator.errors import Refused, UsageError

_ALIAS: Final = ("id", "same_as")
_ASSIGNED: Final = ("id", "pseudonym")
LONGEST: Final = 64
"""PatientID is an LO."""


def read_aliases(text: str, name: str) -> dict[str, str]:
    """Return which id stands for which other, as `curator.deid.subject.identity` takes it.

    Chains are followed to their end; UsageError names the lines that contradict others or go in circles.
    """
    found: dict[str, str] = {}
    lines: dict[str, int] = {}
    wrong: list[str] = []
    for line, row in _rows(text, name, _ALIAS):
        own, other = _key(row, "id", "issuer"), _key(row, "same_as", "same_as_issuer", row.get("issuer", ""))
        if not row["id"] or not row["same_as"]:
            wrong.append(f"  {name}:{line}: an id and the one it stands for")
        elif found.setdefault(own, other) != other:
            wrong.append(f"  {name}:{line}: the id of line {lines[own]} stands for another one there")
        else:
            lines.setdefault(own, line)
    for own in list(found):
        seen = {own}
        while (target := found.get(found[own])) is not None and found[own] != target:
            if target in seen:
                wrong.append(f"  {name}:{lines[own]}: ids that stand for each other in a circle")
                break
            seen.add(found[own])
            found[own] = target
    _refuse(name, wrong)
    return {own: other for own, other in found.items() if own != other}


def read_assigned(text: str, name: str, aliases: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the pseudonyms fixed beforehand, by id; UsageError where two ids that are no aliases share one."""
    found: dict[str, str] = {}
    owner: dict[str, tuple[str, int]] = {}
    wrong: list[str] = []
    for line, row in _rows(text, name, _ASSIGNED):
        own, given = _key(row, "id", "issuer"), row["pseudonym"]
        same = (aliases or {}).get(own, own)
        if not row["id"]:
            wrong.append(f"  {name}:{line}: an id")
        elif not _fits(given):
            wrong.append(
                f"  {name}:{line}: a pseudonym of 1 to {LONGEST} printable ASCII characters, none of \\^="
            )
        elif found.setdefault(same, given) != given:
            wrong.append(f"  {name}:{line}: the same person has another pseudonym above")
        elif owner.setdefault(given.upper(), (same, line))[0] != same:
            wrong.append(
                f"  {name}:{line}: the pseudonym of line {owner[given.upper()][1]}, which is another person's"
            )
    _refuse(name, wrong)
    return found


def _fits(text: str) -> bool:
    return 0 < len(text) <= LONGEST and text.isascii() and text.isprintable() and not set(text) & set("\\^=")


def _key(row: Mapping[str, str], column: str, issuer: str, otherwise: str = "") -> str:
    by = row.get(issuer) or otherwise
    return f"{by}\0{row[column]}" if by else row[column]


def _rows(text: str, name: str, needed: tuple[str, ...]) -> list[tuple[int, dict[str, str]]]:
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        columns = [column.strip().lower() for column in reader.fieldnames or ()]
        if missing := [column for column in needed if column not in columns]:
            raise UsageError(f"{name} has no column {', '.join(missing)}")
        reader.fieldnames = columns
        return [
            (reader.line_num, {column: (row.get(column) or "").strip() for column in columns})
            for row in reader
            if any(row.values())
        ]
    except csv.Error as error:
        raise UsageError(f"{name}:{reader.line_num}: no CSV: {error}") from None


def _refuse(name: str, wrong: list[str]) -> None:
    if wrong:
        raise UsageError("\n".join([f"{name} cannot be taken:", *wrong]))


@dataclass(slots=True)
class Register:
    """The subjects of a campaign and of all before it: each original one pseudonym, each pseudonym one original."""

    _by_identity: dict[str, str] = field(default_factory=dict, repr=False)
    _by_pseudonym: dict[str, str] = field(default_factory=dict, repr=False)
    _unnamed: set[str] = field(default_factory=set, repr=False)
    _new: set[str] = field(default_factory=set, repr=False)
    _ours: set[str] = field(default_factory=set, repr=False)

    @property
    def unnamed(self) -> int:
        """How many subjects had no PatientID: their study stands for them."""
        return len(self._unnamed)

    def add(self, subject: Subject, *, published: bool = False) -> None:
        """Take a subject in; `Refused` where its pseudonym is another's, or it had another one before.

        ``published`` says that all there is of it was published before: its id is a pseudonym, nobody's original.
        """
        if subject.unnamed and subject.identity not in self._by_identity:
            self._unnamed.add(subject.identity)
        self._new.add(subject.identity)
        if published:
            self._ours.add(subject.identity)
        self.know(subject.identity, subject.pseudonym)

    def take(self, other: Register) -> None:
        """Take in the subjects of another register, in its order; `Refused` as by `add`."""
        for identity, pseudonym in other.pairs.items():
            if identity in other._unnamed and identity not in self._by_identity:
                self._unnamed.add(identity)
            self.know(identity, pseudonym)
        self._new |= other._new
        self._ours |= other._ours

    def know(self, identity: str, pseudonym: str) -> None:
        """Take in what an earlier campaign's crosswalk says."""
        before = self._by_identity.setdefault(identity, pseudonym)
        if before != pseudonym:
            raise Refused(
                "A subject would get another pseudonym than before.",
                hint="was the key, the alias list or the list of assigned pseudonyms changed? restore it, or "
                "start a project of its own",
            )
        if self._by_pseudonym.setdefault(pseudonym.upper(), identity) != identity:
            raise Refused(
                "Two subjects would get the same pseudonym.",
                hint="list them as aliases if they are one person; else assign one of them another pseudonym",
            )

    def check(self) -> None:
        """Refuse pseudonyms that are another subject's original id: they would be read as that person.

        Of earlier campaigns nothing is asked again: the ids of what they published may be originals since.
        """
        own = {identity.rpartition("\0")[2].upper(): identity for identity in self._by_identity}
        for pseudonym, identity in self._by_pseudonym.items():
            other = own.get(pseudonym, identity)
            if other != identity and other not in self._ours and not self._new.isdisjoint((identity, other)):
                raise Refused(
                    "An assigned pseudonym is the original id of another subject.",
                    hint="assign pseudonyms that no original bears",
                )

    @property
    def pairs(self) -> Mapping[str, str]:
        """Identity → pseudonym."""
        return self._by_identity
