"""A confidentiality profile: an edition of Table E.1-1, the options chosen, and the user's own overrides.

`Profile.verdict` answers for one attribute which action code the table gives it, and through which option. The
code may be compound (``X/Z/D``); `curator.deid.action` decides it by the attribute's Type.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from curator.dicom import confidentiality
from curator.dicom.confidentiality import CID_7050, Option, Row, Table
from curator.dicom.dictionary import attribute, is_private
from curator.errors import UsageError

# How options that name the same attribute combine: what must be cleaned is cleaned although another option
# would keep it (a cleaned value is also a kept one, the reverse does not hold).
_PRECEDENCE = ("C", "K")

# PS3.15 E.1-1 lists attributes; these kinds identify wherever they stand, so attributes that the table does
# not know (newer than the edition, private ones kept, mistakes) act as the rows of their kind do.
_BY_VR = {
    "PN": Row("PN", "any person name", "X/Z/D", {}),
    "DA": Row("DA", "any date", "X/Z/D", {Option.RETAIN_FULL_DATES: "K", Option.RETAIN_MODIFIED_DATES: "C"}),
    "DT": Row(
        "DT", "any date and time", "X/Z/D", {Option.RETAIN_FULL_DATES: "K", Option.RETAIN_MODIFIED_DATES: "C"}
    ),
    "TM": Row("TM", "any time", "X/Z/D", {Option.RETAIN_FULL_DATES: "K", Option.RETAIN_MODIFIED_DATES: "C"}),
    "UI": Row("UI", "any UID not registered in PS3.6", "U", {Option.RETAIN_UIDS: "K"}),
}

# E.1.1 asks for these whatever the options: they are not rows of the table.
_FILE_META = Row("0002xxxx", "file meta information", "X", {})
_FILE_META_KEPT = {
    0x00020001: Row("00020001", "File Meta Information Version", "K", {}),
    0x00020002: Row("00020002", "Media Storage SOP Class UID", "K", {}),
    0x00020010: Row("00020010", "Transfer Syntax UID", "K", {}),
    0x00020012: Row("00020012", "Implementation Class UID", "D", {}),
    0x00020013: Row("00020013", "Implementation Version Name", "D", {}),
}
_DIRECTORY = Row("0004xxxx", "file-set directory", "X", {})
_GROUP_LENGTH = Row("xxxx0000", "group length", "X", {})
_CLASSES = ("SOPClassUID", "TransferSyntaxUID")
_CLASS = Row("UI", "UID of a class, registered or private: nobody's instance", "K", {})
_KEPT = Row("", "not in the table", "K", {})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the profile says of one attribute: an action code, the row it comes from, the option that decided."""

    code: str
    row: Row
    option: Option | None = None
    override: str = ""
    """The user's reason, where an override decided."""


@dataclass(frozen=True, slots=True)
class Override:
    """The user's own word on one attribute: an action code of PS3.15, and why."""

    code: str
    why: str


@dataclass(frozen=True, slots=True)
class Profile:
    """The Basic Application Level Confidentiality Profile (113100) with options of CID 7050."""

    name: str
    options: frozenset[Option] = frozenset()
    table: Table = field(default_factory=confidentiality.table)
    overrides: Mapping[int, Override] = field(default_factory=dict)
    keep_weekday: bool = False
    """Dates move by whole weeks."""
    retain_references: bool = False
    """Sequences of references (code X/Z/U*) stay, their UIDs remapped, instead of going where the IOD lets them."""
    method: str = ""
    """What DeidentificationMethod says in place of the profile's name; the edition follows it (64 characters in all)."""

    def __post_init__(self) -> None:
        if {Option.RETAIN_FULL_DATES, Option.RETAIN_MODIFIED_DATES} <= self.options:
            raise UsageError(
                f"The profile {self.name} asks for full and for modified dates (113106 and 113107).",
                hint="choose one of the two: PS3.15 E.3.6",
            )

    def verdict(self, tag: int, vr: str) -> Verdict:
        """Return what becomes of the attribute; ``vr`` counts where no row names the tag."""
        override = self.overrides.get(tag)
        row = self._row(tag, vr)
        if override is not None:
            return Verdict(override.code, row, None, override.why)
        return self._of(row)

    def kind(self, vr: str) -> Verdict | None:
        """Return what becomes of an element that no row names by its VR alone; None where the VR says nothing."""
        row = _BY_VR.get(vr)
        return self._of(row) if row is not None else None

    def _of(self, row: Row) -> Verdict:
        named = [(row.options[option], option) for option in sorted(self.options) if option in row.options]
        for wanted in _PRECEDENCE:
            for code, option in named:
                if code == wanted:
                    return Verdict(code, row, option)
        if self.retain_references and row.basic == "X/Z/U*":
            return Verdict("U", row, None, "the profile retains references")
        return Verdict(row.basic, row)

    def _row(self, tag: int, vr: str) -> Row:
        group = tag >> 16
        found = self.table.row(tag)
        if group == 0x0002 and (found is None or tag in _FILE_META_KEPT):
            return _FILE_META_KEPT.get(tag, _FILE_META)
        if group == 0x0004:
            return _DIRECTORY
        if found is not None:
            return found
        if tag & 0xFFFF == 0:
            return _GROUP_LENGTH
        if vr == "UI" and (known := attribute(tag)) is not None and known.keyword.endswith(_CLASSES):
            return _CLASS
        return _BY_VR.get(vr, _KEPT)

    @property
    def codes(self) -> tuple[tuple[str, str], ...]:
        """CID 7050's (code, meaning) of what the result may claim, 113100 first.

        The two pixel options are never claimed: pixels cannot be changed inside HealthImaging, so asking for
        them means detection and exclusion.
        """
        never = {Option.CLEAN_PIXEL_DATA, Option.CLEAN_RECOGNIZABLE_VISUAL_FEATURES}
        claimed = ["113100", *sorted(str(option) for option in self.options - never)]
        return tuple((code, CID_7050[code]) for code in claimed)


def describe(tag: int) -> str:
    """Return how people name the attribute: keyword and tag."""
    known = attribute(tag)
    shown = f"({tag >> 16:04X},{tag & 0xFFFF:04X})"
    if known is not None and known.keyword:
        return f"{known.keyword} {shown}"
    return f"private element {shown}" if is_private(tag) else f"unknown attribute {shown}"
