"""What values say: their texts, whether they are exact dates, whether they say nothing at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from curator.dicom import Json
from curator.dicom.uids import IMPLEMENTATION_VERSION_NAME, is_registered
from curator.verify.maps import is_exact
from curator.verify.terms import NOBODY, folded
from curator.verify.vocabulary import has_unknown, terms

_CODED: Final = ("CodeValue", "CodingSchemeDesignator", "CodeMeaning")


def strings(value: object) -> list[str]:
    """Return the texts of a value, empty ones left out."""
    values = value if isinstance(value, list) else [value]
    return [each for each in values if isinstance(each, str) and each]


def exact(values: list[str]) -> bool:
    """Say whether all values name a day of the calendar."""
    return bool(values) and all(is_exact(value) for value in values)


def is_nothing(text: str) -> bool:
    """Say whether a text is a dummy: a word that names nobody, zeros, or a beginning of the calendar."""
    plain = folded(text)
    return plain in NOBODY or not plain.strip("0 ._:-dwmy") or plain.startswith("19000101") or plain == "o"


def says_nothing(value: Json) -> bool:
    """Say whether a value holds dummies alone."""
    if isinstance(value, list):
        return all(says_nothing(each) for each in value)
    if isinstance(value, dict):
        return all(says_nothing(each) for each in value.values())
    return (
        value is None
        or value == 0
        or (isinstance(value, str) and (is_nothing(value) or set(value) <= set("A=")))
    )


def is_dummy(value: Json) -> bool:
    """Say whether a value is a constant that an earlier de-identification left: a dummy, or the writer's own name."""
    if isinstance(value, list):
        return all(isinstance(item, dict) and _is_dummy_item(item) for item in value)
    return value == IMPLEMENTATION_VERSION_NAME or (isinstance(value, str) and is_registered(value))


def _is_dummy_item(item: Mapping[str, Json]) -> bool:
    """Say whether an item holds dummies, terms, UIDs that name nobody, and a code of DICOM's own for the concept."""
    coded = item.get("CodingSchemeDesignator") == "DCM"
    return all(
        says_nothing(value)
        or (
            coded
            and key in _CODED
            and isinstance(value, str)
            and (key != "CodeMeaning" or not has_unknown(value))
        )
        or (isinstance(value, str) and (is_registered(value) or value in terms()))
        or (isinstance(value, list) and all(isinstance(one, dict) and _is_dummy_item(one) for one in value))
        for key, value in item.items()
    )
