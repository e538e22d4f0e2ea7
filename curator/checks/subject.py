"""One image set with its document, walked once for all checks that look at values.

A verdict is kept for each distinct (key, VR, value): a thousand instances of a series share nearly all of theirs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final, TypeAlias

from curator.checks.types import Missing, missing
from curator.checks.view import SetFacts
from curator.dicom import Json
from curator.dicom.dictionary import attribute, is_private, tag_of_key, vrs
from curator.dicom.terms import unknown_term
from curator.dicom.vr import problem
from curator.imageset import ElementPath, ImageSetMetadata, Instance


class Kind(Enum):
    """What is wrong with a value."""

    VR = auto()
    LENGTH = auto()
    VM = auto()
    UID = auto()
    TERM = auto()
    ENUMERATED = auto()
    FUTURE = auto()
    ESCAPE = auto()


@dataclass(frozen=True, slots=True)
class Fault:
    """One wrong value: where, what, and why without the value."""

    path: ElementPath
    kind: Kind
    reason: str
    vr: str
    value: Json = field(repr=False)


Verdict: TypeAlias = tuple[Kind, str, str] | None
"""(kind, reason, VR) of a wrong value, None of a right one."""


class Subject:
    """An image set under examination. ``today`` is ``YYYYMMDD``; ``torn``: other sets hold instances of its series.

    ``verdicts`` may be shared between subjects of one day: image sets hold much the same values.
    """

    def __init__(
        self,
        facts: SetFacts,
        doc: ImageSetMetadata,
        today: str,
        *,
        torn: bool = False,
        verdicts: dict[tuple[object, ...], Verdict] | None = None,
    ) -> None:
        self.facts = facts
        self.doc = doc
        self.today = today
        self.torn = torn
        self._faults: list[Fault] | None = None
        self._missing: list[Missing] | None = None
        self._verdicts = {} if verdicts is None else verdicts

    @property
    def faults(self) -> list[Fault]:
        """Every wrong value of the document, found on first look."""
        if self._faults is None:
            self._faults = list(self._find())
        return self._faults

    @property
    def deidentified(self) -> bool:
        """Whether PatientIdentityRemoved says YES."""
        return str(self.doc.patient.get("PatientIdentityRemoved") or "").strip().upper() == "YES"

    @property
    def missing(self) -> list[Missing]:
        """Every element that the IODs require and that is not there, found on first look."""
        if self._missing is None:
            self._missing = list(missing(self.doc))
        return self._missing

    def images(self) -> Iterator[tuple[ElementPath, Instance]]:
        """Yield the instances with the paths of their level."""
        for place in self.doc.places():
            if place.instance and (found := self.doc.instance(place.instance)) is not None:
                yield place, found

    def _find(self) -> Iterator[Fault]:
        for place in self.doc.places():
            node = self.doc.attributes(place)
            if node:
                instance = self.doc.instance(place.instance) if place.instance else None
                yield from self._walk(place, node, instance.vrs if instance else {})

    def _walk(
        self, place: ElementPath, node: Mapping[str, Json], private: Mapping[str, str]
    ) -> Iterator[Fault]:
        verdicts = self._verdicts
        for key, value in node.items():
            if value is None:
                continue
            comparable: object = value
            if isinstance(value, list):
                if value and isinstance(value[0], dict):
                    yield from self._items(place.child(key), value)
                    continue
                comparable = tuple(value)  # of strings and numbers
            memo = (key, comparable, private[key]) if key in private else (key, comparable)
            try:
                verdict = verdicts[memo]
            except KeyError:
                verdict = verdicts[memo] = judge(key, value, private.get(key, ""), self.today)
            except TypeError:
                continue  # an object, or a list of lists: no element of the service's form
            if verdict is not None:
                kind, reason, vr = verdict
                yield Fault(place.child(key), kind, reason, vr, value)

    def _items(self, sequence: ElementPath, items: Sequence[Json]) -> Iterator[Fault]:
        for number, item in enumerate(items):
            if isinstance(item, dict):
                yield from self._walk(sequence.child(number), item, {})


_MOST: Final = "more than "
_VM: Final = ("values where the VM is", "value is expected, not a list")


def judge(key: str, value: Json, private_vr: str, today: str) -> Verdict:
    """Return what is wrong with one element's value: (kind, reason, VR); None when nothing is."""
    tag = tag_of_key(key)
    if tag is None:
        return None
    if tag >> 16 in (0x0002, 0x7FE0):  # file meta is the importer's, PixelData stands as null
        return None
    allowed = (private_vr,) if is_private(tag) and private_vr else vrs(tag)
    if not allowed:
        return None
    if escape := _escape(value):
        return Kind.ESCAPE, escape, allowed[0]
    known = attribute(tag)
    reasons = [problem(vr, value, vm=known.vm if known and not is_private(tag) else "1-n") for vr in allowed]
    vr = allowed[0]
    if all(reasons):
        return _kind(vr, str(reasons[0])), str(reasons[0]), vr
    if vr in ("DA", "DT") and _latest(value) > today:
        return Kind.FUTURE, "a date in the future", vr
    if vr == "CS" and (term := unknown_term(key, value)) is not None:
        enumerated, reason = term
        return Kind.ENUMERATED if enumerated else Kind.TERM, reason, vr
    return None


def _kind(vr: str, reason: str) -> Kind:
    if vr == "UI":
        return Kind.UID
    if _MOST in reason or "at most 64 characters" in reason:
        return Kind.LENGTH
    return Kind.VM if any(words in reason for words in _VM) else Kind.VR


def _escape(value: Json) -> str:
    """HealthImaging's JSON is decoded text: an ESC in it is neither a character set's nor anybody's text."""
    parts = value if isinstance(value, list) else [value]
    return "an escape character in text" if any(isinstance(p, str) and "\x1b" in p for p in parts) else ""


def _latest(value: Json) -> str:
    parts = value if isinstance(value, list) else [value]
    return max((part[:8] for part in parts if isinstance(part, str)), default="")
