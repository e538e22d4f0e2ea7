"""Values as people write them on a command line (``PATH=VALUE``), as the JSON that HealthImaging holds."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from curator.dicom import Json
from curator.errors import UsageError
from curator.imageset import ElementPath, ImageSetMetadata, parse_path
from curator.plan.typed import VRS, typed


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
    except OSError as error:
        # What follows the @ may be a value that was meant as it stands.
        raise UsageError(
            f"the file of a value cannot be read: {error.strerror}",
            hint="a value that begins with @ is written @@",
        ) from None
    return text.removesuffix("\n").removesuffix("\r")


def checked(
    assignment: Assignment, path: ElementPath, document: ImageSetMetadata, *, force: bool = False
) -> tuple[Json, str]:
    """Return the typed value and its VR for one concrete path of a document; raises `UsageError`.

    With ``force`` a value may break its VR, as the service then allows.
    """
    from curator.dicom.vr import problem

    vr = assignment.vr or document.vr_of(path)
    if not vr:
        raise UsageError(
            f"{path.generic()}: its VR is not known", hint="give it: PATH:VR=VALUE, such as …:LO=text"
        )
    value = typed(assignment.text, vr, path)
    reason = None if force or vr == "SQ" or value is None else problem(vr, value)
    if reason:
        raise UsageError(f"{path.generic()}: {reason}")
    return value, vr
