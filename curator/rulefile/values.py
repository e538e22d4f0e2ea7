"""Between an element's JSON value and the text that rules speak of.

A rule file holds text only. Here text becomes the JSON type that HealthImaging uses for the VR (healthimaging.md
§2: US, UL, SS, SL numbers; FD, FL numbers, whole ones without a fraction; DS and IS text), and back.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final, TypeAlias

from curator.dicom import Json
from curator.dicom.dictionary import multi_valued, tag_of_key, vrs
from curator.findings import Absent

Value: TypeAlias = "Json | Absent"
"""An element's value: ``None`` is an empty element, ``ABSENT`` none at all."""

WHOLE: Final = frozenset({"US", "UL", "SS", "SL", "SV", "UV"})
REAL: Final = frozenset({"FD", "FL"})
BINARY: Final = frozenset({"OB", "OW", "OF", "OD", "OL", "OV", "UN"})
TEXT: Final = frozenset(
    {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UR", "UT"}
)
ONE_TEXT: Final = frozenset({"LT", "ST", "UT", "UR"})  # the backslash is an ordinary character (PS3.5 6.2)
KNOWN: Final = TEXT | WHOLE | REAL | BINARY | {"SQ", "AT"}


def text_of(value: Json) -> str | None:
    """Return one component as text; None for what is no text: an item, a list."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | list | dict):
        return None
    return repr(int(value)) if isinstance(value, float) and value.is_integer() else repr(value)


def components(value: Value) -> list[str]:
    """Return the values of an element as texts; empty for an empty or absent element and for sequences."""
    parts = value if isinstance(value, list) else [value]
    texts = [text_of(part) for part in parts if part is not None and not isinstance(part, Absent)]
    return [text for text in texts if text is not None]


def joined(value: Value) -> str:
    r"""Return the whole value as text, components joined by ``\`` as DICOM does; "" if there is none."""
    return "\\".join(components(value))


def is_empty(value: Value) -> bool:
    """Say whether there is no value: absent, null, "", [], or only such components."""
    if isinstance(value, list):
        return all(is_empty(part) for part in value)
    return not value and not isinstance(value, int | float)


def typed(vr: str, text: str) -> Json:
    """Return one component's text as the JSON value of its VR; ValueError if the VR cannot hold it."""
    if vr in WHOLE:
        return int(text.strip())
    if vr in REAL:
        number = float(text)
        if not math.isfinite(number):
            raise ValueError("not a finite number")
        return int(number) if number.is_integer() and abs(number) < 2**53 else number
    if vr == "SQ":
        raise ValueError("a sequence holds items, not text")
    return text


def element(key: str, vr: str, texts: list[str] | str) -> Json:
    r"""Return the JSON value of element ``key``: a list where the VM can exceed 1, ``None`` where nothing is given.

    A single text is split at ``\`` if the VR knows several values. ValueError where the VR cannot hold it.
    """
    if isinstance(texts, str):
        splits = vr in TEXT - ONE_TEXT or vr in WHOLE | REAL | {"AT"}
        texts = texts.split("\\") if splits else [texts]
    if not any(texts):
        return None
    tag = tag_of_key(key)
    made = [typed(vr, text) if text else ("" if vr in TEXT else None) for text in texts]
    if (tag is not None and multi_valued(tag)) or len(made) > 1:
        return made
    return made[0]


@lru_cache(maxsize=8192)
def static_vr(key: str) -> str:
    """Return the VR that the dictionary gives for ``key`` if it leaves no choice, else ""."""
    tag = tag_of_key(key)
    allowed = () if tag is None else vrs(tag)
    return allowed[0] if len(allowed) == 1 else ""
