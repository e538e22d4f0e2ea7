"""Rules of other tools → a rule file: what maps is translated, what does not is listed with its line and why.

Each tool has a module with a table of what maps to what. The result is a profile: the Basic Profile of PS3.15 decides what
the tool's lines say nothing about, and they are rules over it. Every rule that is written is read
again before it is handed out; one that this vocabulary does not take is listed instead.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from curator.errors import UsageError
from curator.rulefile.convert import ctp, deid, dicomedit, google, karnak
from curator.rulefile.convert.draft import Converted, Draft, Left, finish
from curator.rulefile.problems import did_you_mean
from curator.rulefile.vocabulary import Vocabulary

FORMATS: Final[Mapping[str, Callable[[str, Draft], None]]] = MappingProxyType(
    {
        "ctp": ctp.convert,
        "deid": deid.convert,
        "dicomedit": dicomedit.convert,
        "google": google.convert,
        "karnak": karnak.convert,
    }
)
TOOLS: Final = {
    "ctp": "RSNA CTP anonymizer script",
    "deid": "pydicom deid recipe",
    "dicomedit": "XNAT DicomEdit 6 script",
    "google": "Google Cloud Healthcare DicomTagConfig",
    "karnak": "Karnak profile",
}


def recognize(text: str) -> str:
    """Return the format that ``text`` looks like, "" if none."""
    head = text.lstrip("\ufeff \t\r\n")
    if head[:1] == "<":
        return "ctp"
    if head[:1] == "{":
        return "google"
    lines = [line.strip() for line in text.splitlines()]
    if any(line.startswith(("profileElements:", "profileElements :")) for line in lines):
        return "karnak"
    if any(line.startswith(("FORMAT ", "%header", "%filter")) for line in lines):
        return "deid"
    if any(line.startswith(("version ", "- (", "-(", "(", "removeAllPrivateTags")) for line in lines):
        return "dicomedit"
    return ""


def convert(text: str, name: str, *, vocabulary: Vocabulary, form: str = "") -> Converted:
    """Return the rule file that says what ``text`` says; ``name`` is the new file's.

    UsageError where the format cannot be told, or the text is none of it.
    """
    form = form or recognize(text)
    if form not in FORMATS:
        known = ", ".join(FORMATS)
        raise UsageError(
            f"the format {form!r} is none of {known}{did_you_mean(form, FORMATS)}"
            if form
            else f"the format of the file cannot be told; say which: {known}"
        )
    draft = Draft(name, form, TOOLS[form])
    FORMATS[form](text, draft)
    return finish(draft, vocabulary)


def quoted(text: str) -> str:
    """Return a text as messages show it."""
    return json.dumps(text, ensure_ascii=False)


__all__ = ["FORMATS", "TOOLS", "Converted", "Left", "convert", "recognize"]
