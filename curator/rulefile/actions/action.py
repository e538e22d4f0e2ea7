"""What every action is: a value in, a value or a judgement out.

A room above contributes actions of its own by subclassing `Action` and adding them to a `Vocabulary`; what they
need besides the document (a subject, a key) they ask of the place: ``place.given(Subject)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final, TypeAlias

from curator.dicom import Json
from curator.findings import Absent
from curator.rulefile.place import Place
from curator.rulefile.shapes import Word
from curator.rulefile.values import REAL, TEXT, WHOLE, Value, element, text_of

TEXTUAL: Final = TEXT | WHOLE | REAL


class Verdict(StrEnum):
    """What a rule says where it does not write."""

    KEEP = "keep"  # leave it, and let no rule of lower priority write it
    QUARANTINE = "quarantine"  # leave the instance (or the whole set) out of what goes on
    REQUIRE = "require"  # what must be there is not
    ASSERT = "assert"  # what must hold does not
    REVIEW = "review"  # a person decides
    FAULT = "fault"  # the rule cannot do here what it says
    NOTHING = "nothing"  # there is nothing to do here


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict and its reason. The reason names elements, never values."""

    verdict: Verdict
    text: str = ""


@dataclass(frozen=True, slots=True)
class Because:
    """A value with what decided it, for the change's ``why``; no element values in ``detail``."""

    value: Value
    detail: tuple[tuple[str, str], ...]


Result: TypeAlias = "Value | Because | Judgement"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action(Word):
    """One step of what a rule does. Steps are applied in turn, each to what the one before gave."""

    handles: ClassVar[frozenset[str] | None] = None
    """The VRs it can work on; None: all."""
    creates: ClassVar[bool] = False
    """Whether it has something to do where the element is absent, so that ``create: true`` need not be said."""

    def act(self, place: Place, value: Value) -> Result:
        """Return the new value of the place's element (``ABSENT`` removes it), or a judgement, which ends the rule."""
        raise NotImplementedError

    def objection(self, key: str, vr: str) -> str | None:
        """Return why the action cannot work on the element of this key and VR, as far as the file alone shows it."""
        if self.handles is not None and vr not in self.handles:
            return f"an element of VR {', '.join(sorted(self.handles))} for {self.name} ({key} is {vr})"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextAction(Action):
    """An action on text: on each component of the value, empty ones and absent elements left alone."""

    handles: ClassVar[frozenset[str] | None] = TEXTUAL

    def change(self, text: str, place: Place) -> str | Judgement:
        """Return the new text of one component; "" empties it."""
        raise NotImplementedError

    def act(self, place: Place, value: Value) -> Result:
        vr = place.vr
        if vr not in TEXTUAL:
            return Judgement(Verdict.FAULT, f"{self.name} works on text and numbers, not on VR {vr}")
        if value is None or isinstance(value, Absent):
            return value
        parts = value if isinstance(value, list) else [value]
        done: list[str] = []
        touched = False
        for part in parts:
            text = text_of(part)
            if text is None:
                return Judgement(
                    Verdict.FAULT, f"{self.name} works on text, and the element holds something else"
                )
            changed = self.change(text, place) if text else ""
            if isinstance(changed, Judgement):
                return changed
            touched |= changed != text
            done.append(changed)
        return self._typed(place, vr, done) if touched else value

    def _typed(self, place: Place, vr: str, done: list[str]) -> Json | Judgement:
        try:
            return element(place.key, vr, done)
        except ValueError:
            return Judgement(Verdict.FAULT, f"{self.name} gives a text that is no number, and the VR is {vr}")
