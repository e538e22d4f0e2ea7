"""What must have become of an element: the row of Table E.1-1, the option, the Type, and the action they give.

Written from PS3.15 E.1 and E.3 alone: verification shares the facts with the engine and none of its reading.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from curator.dicom import Json
from curator.dicom.confidentiality import Option, safe_private
from curator.dicom.dictionary import attribute, is_private, vrs
from curator.dicom.iods import Type, iod_of, is_indispensable, type_of
from curator.verify.claim import BY_RULE, Claim

_DATES: Final = {Option.RETAIN_FULL_DATES: "K", Option.RETAIN_MODIFIED_DATES: "C"}
_OF_A_KIND: Final[Mapping[str, tuple[str, Mapping[Option, str]]]] = {
    "PN": ("X/Z/D", {}),
    "DA": ("X/Z/D", _DATES),
    "DT": ("X/Z/D", _DATES),
    "TM": ("X/Z/D", _DATES),
    "UI": ("U", {Option.RETAIN_UIDS: "K"}),
}
"""Attributes that no row names act as the rows of their VR do; any other is kept, and scanned."""

_META: Final = {0x00020001: "K", 0x00020002: "K", 0x00020010: "K", 0x00020012: "D", 0x00020013: "D"}
"""E.1.1, whatever the options: what a file meta header may still hold."""

_MUST: Final = frozenset({Type.REQUIRED, Type.REQUIRED_IF})
_MAY_BE_EMPTY: Final = frozenset({Type.MAY_BE_EMPTY, Type.MAY_BE_EMPTY_IF})


@dataclass(frozen=True, slots=True)
class Expectation:
    """One attribute at its depth: ``action`` is a single letter of X Z D K C U, or `BY_RULE`."""

    tag: int
    vr: str
    action: str
    code: str
    type: Type | None
    described: str
    """The row and the option, for messages."""


class Expectations:
    """The claim's table, asked for one attribute at a time and remembered."""

    def __init__(self, claim: Claim) -> None:
        self._claim = claim
        self._safe: dict[tuple[str, int], bool] = {}
        self._known: dict[tuple[str, tuple[int, ...], str], Expectation] = {}

    def of(self, sop_class: str, path: tuple[int, ...], vr: str) -> Expectation:
        """Return what must have become of the standard attribute at ``path`` (tags, sequences first)."""
        key = (sop_class, path, vr)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._expect(sop_class, path, vr)
        return found

    def _expect(self, sop_class: str, path: tuple[int, ...], vr: str) -> Expectation:
        tag = path[-1]
        code, described = self._code(tag, vr)
        if iod_of(sop_class) is None:
            return Expectation(tag, vr, _action(code, None, known=False), code, None, described)
        kind = type_of(sop_class, path)
        if code == "X" and tag not in self._claim.overrides and is_indispensable(sop_class, path):
            # Both must hold, the row and PS3.3: a dummy takes the value away and leaves the instance valid.
            return Expectation(tag, vr, "D", "D", kind, f"{described}, Type 1")
        return Expectation(tag, vr, _action(code, kind, known=True), code, kind, described)

    def _code(self, tag: int, vr: str) -> tuple[str, str]:
        override = self._claim.overrides.get(tag)
        if override is not None:
            return override, "an override"
        if tag >> 16 == 0x0002 and tag in _META:
            return _META[tag], "PS3.15 E.1.1, file meta information"
        row = self._claim.table.row(tag)
        if tag >> 16 == 0x0004 or (row is None and (tag >> 16 == 0x0002 or not tag & 0xFFFF)):
            return "X", "PS3.15 E.1.1"
        if row is not None:
            return self._optional(row.basic, row.options, f"row ({row.tag[:4]},{row.tag[4:]})")
        basic, options = _OF_A_KIND.get(vr, ("K", {}))
        if vr == "UI" and names_a_class(tag):
            return "K", "no row, the UID of a class"
        return self._optional(basic, options, f"no row, VR {vr}")

    def _optional(self, basic: str, options: Mapping[Option, str], row: str) -> tuple[str, str]:
        said = {options[option]: option for option in sorted(self._claim.options) if option in options}
        for code in ("C", "K"):
            if code in said:
                return code, f"{row}, option {said[code]}"
        if basic == "X/Z/U*" and self._claim.retain_references:
            return "U", f"{row}, references retained"
        return basic, f"{row}, Basic Profile"

    def private_is_safe(self, creator: str, tag: int) -> bool:
        """Say whether a private attribute may stay: the option is on and a list names it."""
        if Option.RETAIN_SAFE_PRIVATE not in self._claim.options:
            return False
        known = self._safe.get((creator, tag))
        if known is None:
            group, low = tag >> 16, tag & 0xFF
            known = self._safe[creator, tag] = (
                safe_private(group, creator, low) is not None
                or (group, creator.strip().upper(), low) in self._claim.safe_private
            )
        return known


def names_a_class(tag: int) -> bool:
    """Say whether a UID element names a SOP class or a transfer syntax, registered or private: nobody's instance."""
    known = attribute(tag)
    return known is not None and known.keyword.endswith(("SOPClassUID", "TransferSyntaxUID"))


def _action(code: str, kind: Type | None, *, known: bool) -> str:
    """Return the letter that a compound code comes to (PS3.15 E.1: "unless … is required by the IOD")."""
    letters = code.replace("U*", "U").split("/")
    if code == BY_RULE or (len(letters) == 1 and code != "Z"):
        return letters[0] if code != BY_RULE else code
    if not known:
        wanted = "UDZX" if code != "Z" else "Z"
    elif kind in _MUST:
        wanted = "UD"  # Z, "zero length or dummy", leaves the dummy where the element may not be empty
    elif kind in _MAY_BE_EMPTY:
        wanted = "ZDUX"
    else:
        wanted = "XZDU"
    return next((letter for letter in wanted if letter in letters), "D")


def vr_of(tag: int, declared: Json) -> str:
    """Return an attribute's VR: the dictionary's first; of private and unknown ones what the document declares."""
    if is_private(tag):
        return declared if isinstance(declared, str) else "SQ" if isinstance(declared, dict) else ""
    known = vrs(tag)
    return known[0] if known else declared if isinstance(declared, str) else ""
