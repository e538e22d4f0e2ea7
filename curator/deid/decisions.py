"""Value decisions: what a person said, once, of one value of one element.

A decision's key is the path without indices, the VR and the exact value; it says who decided, when and why. It is the
last word on a value, over table, options and rules, with one bound: what identifies the subject at hand is
cut out of a kept value all the same, since the same word may be harmless for one subject and the name of another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from curator.dicom import Json
from curator.dicom.dictionary import tag_of_key
from curator.errors import UsageError
from curator.imageset import parse_path

WORDS: Final = ("keep", "remove", "replace", "empty", "clean")
"""What can be decided; ``replace`` takes a replacement, ``clean`` keeps harmless words only."""
_SUBJECT: Final = {0x00100010: "PatientName", 0x00100020: "PatientID"}


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided of one value."""

    element: str
    vr: str
    value: str = field(repr=False)
    decision: str
    replacement: str = field(default="", repr=False)
    by: str = ""
    when: str = ""
    why: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What the decision is about."""
        return self.element, self.vr, self.value

    @property
    def told(self) -> str:
        """The decision as reasons name it; no element's value."""
        said = (("by", self.by), ("on", self.when), ("because", self.why))
        return " ".join([self.decision, *(f"{word} {text}" for word, text in said if text)])


def objection(element: str, vr: str) -> str | None:
    """Return why values of this element are not decided one by one; None if they are."""
    try:
        path = parse_path(element)
    except UsageError:
        return "an element's path, as `curator values` writes it"
    if path.tag in _SUBJECT and path.depth == 0:
        return f"another element: {_SUBJECT[path.tag]} becomes the subject's pseudonym, which a CSV can fix beforehand"
    if vr in ("UI", "SQ"):
        return "another element: UIDs are remapped as one, sequences are decided by what is in them"
    return None


def as_text(value: Json) -> str:
    """Return a value as DICOM writes it: components joined by a backslash, empty for an empty one."""
    if value is None:
        return ""
    if isinstance(value, list):
        return "\\".join(as_text(each) for each in value)
    return str(value)


class Decisions:
    """Decisions by where they hold: the tags of the sequences around, and the element's own."""

    def __init__(self, decisions: Iterable[Decision] = ()) -> None:
        self._by_place: dict[tuple[int, ...], list[Decision]] = {}
        for each in decisions:
            if wrong := objection(each.element, each.vr):
                raise UsageError(
                    f"A value decision cannot be taken: it is about {each.element}, expected {wrong}."
                )
            tags = tuple(tag_of_key(key) or 0 for key in parse_path(each.element).keys)
            self._by_place.setdefault(tags, []).append(each)

    def __bool__(self) -> bool:
        return bool(self._by_place)

    def __iter__(self) -> Iterator[Decision]:
        return (each for found in self._by_place.values() for each in found)

    def at(self, tags: tuple[int, ...], vrs: Iterable[str]) -> Mapping[str, Decision]:
        """Return the decisions about an element, by value; ``vrs`` are those it may have, none if unknown."""
        found = self._by_place.get(tags)
        if not found:
            return {}
        allowed = frozenset(vrs)
        return {each.value: each for each in found if not allowed or not each.vr or each.vr in allowed}
