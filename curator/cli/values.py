"""Values as people write them on a command line (``PATH=VALUE``), as the JSON that HealthImaging holds."""

from __future__ import annotations

import base64
import json
import sys
from dataclasses import dataclass
from pathlib import Path

from curator.dicom import Json
from curator.dicom.dictionary import multi_valued
from curator.errors import UsageError
from curator.imageset import ElementPath, ImageSetMetadata, parse_path

NUMBERS_AS_INT = frozenset({"US", "UL", "SS", "SL", "UV", "SV"})
NUMBERS_AS_FLOAT = frozenset({"FD", "FL"})
BYTES = frozenset({"OB", "OW", "OD", "OF", "OL", "OV", "UN"})
SINGLE_TEXT = frozenset({"ST", "LT", "UT", "UR"})
"""VRs whose text may hold a backslash: they have one value always (PS3.5 6.2)."""
VRS = (
    NUMBERS_AS_INT
    | NUMBERS_AS_FLOAT
    | BYTES
    | SINGLE_TEXT
    | frozenset(["AE", "AS", "AT", "CS", "DA", "DS", "DT", "IS", "LO", "PN", "SH", "SQ", "TM", "UC", "UI"])
)


@dataclass(frozen=True, slots=True)
class Assignment:
    """One ``PATH=VALUE``: the path, the text not yet typed, and the VR given for a private element (``PATH:VR=``)."""

    path: ElementPath
    text: str
    vr: str = ""


def parse_assignment(word: str) -> Assignment:
    """Read ``PATH=VALUE``, ``PATH=@FILE``, ``PATH=@-`` (stdin) or ``PATH:VR=…``; raises `UsageError`.

    A value that begins with @ is written ``@@…``. The message never repeats the value.
    """
    path_text, separator, value = _split(word)
    if not separator:
        raise UsageError("expected PATH=VALUE, such as Patient/PatientName=Doe^Jane")
    vr = ""
    head, colon, tail = path_text.rpartition(":")
    if colon and tail.upper() in VRS:
        path_text, vr = head, tail.upper()
    return Assignment(parse_path(path_text), _content(value), vr)


def _split(word: str) -> tuple[str, str, str]:
    """Split at the first ``=`` outside quotes: a private creator's name may hold one."""
    quoted = False
    for index, letter in enumerate(word):
        if letter == '"':
            quoted = not quoted
        elif letter == "=" and not quoted:
            return word[:index], "=", word[index + 1 :]
    return word, "", ""


def _content(value: str) -> str:
    if value.startswith("@@"):
        return value[1:]
    if not value.startswith("@"):
        return value
    source = value[1:]
    try:
        text = sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise UsageError("the file of a value must be UTF-8 text; bytes are written in base64") from None
    return text.removesuffix("\n").removesuffix("\r")


def typed(text: str, vr: str, path: ElementPath) -> Json:
    """Return the value that ``text`` means under ``vr``, as healthimaging.md §2 encodes it; raises `UsageError`.

    The backslash parts values; an empty text is the empty value (null); SQ takes JSON.
    """
    if vr == "SQ":
        return _items(text, path)
    if text == "":
        return None
    tag = path.tag
    many = tag is None or path.is_private or multi_valued(tag) or vr == "AT"
    if vr in BYTES:
        return _base64(text, path)
    if vr in SINGLE_TEXT:
        return text
    parts = text.split("\\") if many else [text]
    values: list[Json] = [_one(part, vr, path) for part in parts]
    # A private element has no VM in the dictionary; HealthImaging's examples write one value bare.
    if tag is not None and multi_valued(tag):
        return values
    return values[0] if len(values) == 1 else values


def _one(part: str, vr: str, path: ElementPath) -> Json:
    try:
        if vr in NUMBERS_AS_INT:
            return int(part)
        if vr in NUMBERS_AS_FLOAT:
            number = float(part)
            return int(number) if number.is_integer() else number
    except (ValueError, OverflowError):
        raise UsageError(f"{path.generic()}: its VR {vr} takes a number") from None
    return part


def _base64(text: str, path: ElementPath) -> str:
    try:
        base64.b64decode(text, validate=True)
    except ValueError:
        raise UsageError(f"{path.generic()}: its bytes are written in base64") from None
    return text


def _items(text: str, path: ElementPath) -> Json:
    try:
        items: Json = json.loads(text) if text else []
    except ValueError:
        items = None
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise UsageError(f"{path.generic()}: a sequence takes JSON, a list of items") from None
    return items


def checked(
    assignment: Assignment, path: ElementPath, document: ImageSetMetadata, *, force: bool = False
) -> tuple[Json, str]:
    """Return the typed value and its VR for one concrete path of a document; raises `UsageError`.

    With ``force`` a value may break its VR, as the service then allows.
    """
    from curator.dicom.vr import problem

    vr = assignment.vr or path.vr(document)
    if not vr:
        raise UsageError(
            f"{path.generic()}: its VR is not known", hint="give it: PATH:VR=VALUE, such as …:LO=text"
        )
    value = typed(assignment.text, vr, path)
    reason = None if force or vr == "SQ" or value is None else problem(vr, value)
    if reason:
        raise UsageError(f"{path.generic()}: {reason}")
    return value, vr
