"""How elements are edited by their VR: which form, what its parts are, and what a value says in words. No Textual in here."""

from __future__ import annotations

import datetime
import re
import uuid
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from curator.dicom import Json
from curator.dicom.dictionary import multi_valued
from curator.dicom.terms import DEFINED, ENUMERATED
from curator.imageset import ElementPath
from curator.tui.elements import BINARY, items_of


class Form(StrEnum):
    """Which form an element is edited in."""

    LINE = "line"
    PERSON = "person"
    LINES = "lines"  # several values, one a line
    TEXT = "text"  # paragraphs


COMPONENTS: Final = ("Family", "Given", "Middle", "Prefix", "Suffix")
GROUPS: Final = ("Alphabetic", "Ideographic", "Phonetic")
"""Components and component groups of a person name, in their order (PS3.5 6.2.1)."""
_PARAGRAPHS: Final = frozenset(("LT", "ST", "UT"))
_UNITS: Final = {"D": "days", "W": "weeks", "M": "months", "Y": "years"}
_FIXED: Final = frozenset(("PixelData",))
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONTROL_BUT_BREAKS: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


def editable(path: ElementPath, vr: str, value: Json) -> bool:
    """Tell whether an element is text or numbers, which somebody can type."""
    if not path.steps or not isinstance(path.steps[-1], str) or path.key in _FIXED:
        return False
    return (
        not isinstance(value, dict) and items_of(value) is None and vr not in {*BINARY, "SQ", "OW or OB", ""}
    )


def form_of(path: ElementPath, vr: str, value: Json) -> Form:
    """Return the form for an element."""
    many = isinstance(value, list) or (path.tag is not None and multi_valued(path.tag))
    if many and vr not in _PARAGRAPHS:
        return Form.LINES
    return Form.PERSON if vr == "PN" else Form.TEXT if vr in _PARAGRAPHS else Form.LINE


def terms_of(key: str, vr: str) -> tuple[tuple[str, ...], bool]:
    """Return the terms that PS3.3 gives a code string, and whether others are not allowed; none where none are known."""
    if vr != "CS":
        return (), False
    return tuple(sorted(ENUMERATED.get(key) or DEFINED.get(key) or ())), key in ENUMERATED


def plain(text: str, *, breaks: bool = False) -> str:
    """Return a value's text without control characters, which a field would hand to the terminal."""
    if not breaks:
        return _CONTROL.sub("", text)
    return _CONTROL_BUT_BREAKS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def paragraphs(text: str) -> str:
    """Return what was typed over several lines as DICOM parts them (PS3.5 6.2: CR LF)."""
    return text.replace("\n", "\r\n")


# ── person names ─────────────────────────────────────────────────────────────────────────────────────────


def parts_of_name(text: str) -> list[list[str]]:
    """Return the components of each group of a person name, empty ones filled up."""
    groups = [*text.split("="), "", "", ""][: len(GROUPS)]
    return [[*group.split("^"), "", "", "", "", ""][: len(COMPONENTS)] for group in groups]


def name_of_parts(groups: Sequence[Sequence[str]]) -> str:
    """Return the person name of these components, without trailing empty ones."""
    return "=".join("^".join(group).rstrip("^") for group in groups).rstrip("=")


# ── words ────────────────────────────────────────────────────────────────────────────────────────────────


def in_words(vr: str, text: str) -> str:
    """Return what a value says: a day with its weekday, a time, an age, a registered UID; ``""`` for anything else.

    A value that its VR does not allow says nothing.
    """
    from curator.dicom.vr import problem

    said = _WORDS.get(vr)
    return said(text.strip()) if said is not None and text and problem(vr, text) is None else ""


def _day(text: str) -> str:
    day = datetime.date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    return f"{_WEEKDAYS[day.weekday()]}, {day.day} {_MONTHS[day.month - 1]} {day.year}"


_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def _time(text: str) -> str:
    whole, _, fraction = text.partition(".")
    clock = ":".join(whole[at : at + 2] for at in range(0, len(whole), 2))
    spoken = f"{clock} h" if len(whole) == 2 else clock
    return f"{spoken}.{fraction}" if fraction else spoken


def _moment(text: str) -> str:
    body, sign, offset = text, "", ""
    if found := re.search(r"[+-]\d{4}$", text):
        body, sign, offset = text[: found.start()], found[0][0], found[0][1:]
    date = body[:8]
    words = (
        _day(date)
        if len(date) == 8
        else f"{_MONTHS[int(date[4:6]) - 1]} {date[:4]}"
        if len(date) == 6
        else date
    )
    if body[8:]:
        words += f", {_time(body[8:])}"
    return f"{words}, UTC{sign}{offset[:2]}:{offset[2:]}" if offset else words


def _age(text: str) -> str:
    return f"{int(text[:3])} {_UNITS[text[3]]}"


def _uid(text: str) -> str:
    from curator.dicom.uids import is_registered, uid_name

    return f"registered: {uid_name(text)}" if is_registered(text) else "well formed, not a registered UID"


_WORDS: Final = {"DA": _day, "TM": _time, "DT": _moment, "AS": _age, "UI": _uid}


def new_uid() -> str:
    """Return a UID that nobody else has, made from a random UUID (PS3.5 B.2)."""
    return f"2.25.{uuid.uuid4().int}"
