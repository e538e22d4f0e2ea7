"""The text of element paths: what people write, and where exactly it is wrong.

Patient/PatientName                      Study/StudyDate
Series[*]/Modality                       Series[UID]/Modality
Instances[*]/SOPClassUID                 Instances[UID]/…        Series[UID]/Instances[UID]/…
Instances[*]/ReferencedImageSequence[0]/ReferencedSOPInstanceUID
Instances[*]/(0019,"GEMS_ACQU_01",10F9)  private: group, creator, element in any block
(0010,0010)   00100010   PatientName     by tag or keyword; without a level: where the service keeps it
"""

from __future__ import annotations

import re
from typing import Final

from curator.dicom.dictionary import by_keyword, is_private, key_of_tag, vrs
from curator.dicom.levels import Level, level_of
from curator.errors import UsageError
from curator.imageset.path import ANY, ElementPath, PrivateStep, Step

__all__ = ["parse_path"]

_UID: Final = re.compile(r"[^\]\[/\s]+")
_INDEX: Final = re.compile(r"\d{1,6}")
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_HEX8: Final = re.compile(r"[0-9A-Fa-f]{8}(?![0-9A-Za-z])")
_TAG: Final = re.compile(r"\(\s*([0-9A-Fa-f]{4})\s*,\s*([0-9A-Fa-f]{4})\s*\)")
_PRIVATE: Final = re.compile(
    r'\(\s*([0-9A-Fa-f]{4})\s*,\s*"((?:[^"\\]|\\.)+)"\s*,\s*(?:[0-9A-Fa-fx]{2})?([0-9A-Fa-f]{2})\s*\)'
)


class _Reader:
    """The text, and how far it is read."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self.text, self.at)
        if match:
            self.at = match.end()
        return match

    def literal(self, word: str) -> bool:
        if self.text.startswith(word, self.at):
            self.at += len(word)
            return True
        return False

    def done(self) -> bool:
        return self.at == len(self.text)

    def wrong(self, expected: str, *, at: int | None = None, hint: str = "") -> UsageError:
        column = (self.at if at is None else at) + 1
        return UsageError(f"element path, column {column}: expected {expected}", hint=hint)


def parse_path(text: str) -> ElementPath:
    """Return the path or pattern that ``text`` spells; raises UsageError with column and what was expected."""
    reader = _Reader(text.strip())
    if reader.done():
        raise reader.wrong("an element, such as Patient/PatientName or Series[*]/Modality")
    place = _place(reader)
    if place is not None and reader.done():
        return place
    if place is not None and not reader.literal("/"):
        raise reader.wrong("/ and an element")
    steps = _steps(reader)
    if place is None:
        place = _home(steps[0])
    return place.child(*steps)


def _place(reader: _Reader) -> ElementPath | None:
    """Read the level; None when the text begins with an element."""
    start = reader.at
    name = reader.take(_NAME)
    word = name[0] if name else ""
    if word in ("Patient", "Study"):
        return ElementPath(Level(word))
    if word == "Instances":
        return ElementPath(Level.INSTANCE, ANY, _bracket(reader, "a SOP Instance UID or *"))
    if word == "Series":
        series = _bracket(reader, "a Series Instance UID or *")
        mark = reader.at
        if reader.literal("/Instances") and (reader.done() or reader.text[reader.at] in "[/"):
            return ElementPath(Level.INSTANCE, series, _bracket(reader, "a SOP Instance UID or *"))
        reader.at = mark
        return ElementPath(Level.SERIES, series)
    reader.at = start
    return None


def _bracket(reader: _Reader, expected: str) -> str:
    """Read ``[UID]`` or ``[*]``; nothing at all means ``*``."""
    if not reader.literal("["):
        return ANY
    if reader.literal(ANY):
        found = ANY
    else:
        match = reader.take(_UID)
        if match is None:
            raise reader.wrong(expected)
        found = match[0]
    if not reader.literal("]"):
        raise reader.wrong("]")
    return found


def _steps(reader: _Reader) -> list[Step]:
    steps: list[Step] = []
    while True:
        key = _key(reader)
        steps.append(key)
        if reader.done():
            return steps
        if not reader.literal("["):
            raise reader.wrong("[ and an item's index, or the end", hint=_nesting_hint(reader))
        if not _may_hold_items(key):
            hint = "the values of a multi-valued element are addressed together, as one list"
            raise reader.wrong(f"the end: {key} is no sequence", at=reader.at - 1, hint=hint)
        index = reader.take(_INDEX)
        if index is None and not reader.literal(ANY):
            raise reader.wrong("an item's index from 0, or *")
        steps.append(int(index[0]) if index else ANY)
        if not reader.literal("]"):
            raise reader.wrong("]")
        if reader.done():
            return steps
        if not reader.literal("/"):
            raise reader.wrong("/ and an element of the item")


def _nesting_hint(reader: _Reader) -> str:
    return "an item of a sequence is written Sequence[0]/… or Sequence[*]/…" if reader.literal("/") else ""


def _key(reader: _Reader) -> str:
    start = reader.at
    if tag := reader.take(_TAG):
        return key_of_tag(int(tag[1] + tag[2], 16))
    if private := reader.take(_PRIVATE):
        group = int(private[1], 16)
        if group % 2 == 0:
            raise reader.wrong("an odd group: only private elements have a creator", at=start + 1)
        return str(PrivateStep(group, re.sub(r"\\(.)", r"\1", private[2]).strip(), int(private[3], 16)))
    if plain := reader.take(_HEX8):
        return key_of_tag(int(plain[0], 16))
    if name := reader.take(_NAME):
        found = by_keyword(name[0])
        if found is None:
            raise reader.wrong("a keyword of the data dictionary", at=start, hint=_suggestion(name[0]))
        return key_of_tag(found.tag)
    if reader.literal("("):
        raise reader.wrong('(gggg,eeee) or (gggg,"CREATOR",eeee), in hex digits', at=start)
    raise reader.wrong("a keyword, a tag such as (0010,0010), or a private element")


def _suggestion(word: str) -> str:
    from difflib import get_close_matches

    from curator.dicom.dictionary import attribute, attributes

    keywords = {found.keyword for tag in attributes() if (found := attribute(tag)) and found.keyword}
    near = get_close_matches(word, keywords, n=1, cutoff=0.8)
    return f"did you mean {near[0]}?" if near else ""


def _may_hold_items(key: str) -> bool:
    found = by_keyword(key)
    if found is not None:
        return found.vr == "SQ"
    if key[:1] == "(":
        return True
    allowed = vrs(int(key, 16))
    return "SQ" in allowed or not allowed


def _home(step: Step) -> ElementPath:
    """Return the level on which the service keeps this element, over all series and instances."""
    key = str(step)
    found = by_keyword(key)
    tag = found.tag if found else None if key[:1] == "(" else int(key, 16)
    level = Level.INSTANCE if tag is None or is_private(tag) else level_of(tag)
    return ElementPath(
        level, ANY if level in (Level.SERIES, Level.INSTANCE) else "", ANY if level is Level.INSTANCE else ""
    )
