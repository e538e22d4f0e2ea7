"""``batch:``, what `curator batch` does around a file's rules: conflicts resolved before them, a publication after.

So a whole session is one file: what was decided of conflicts, the edits as rules, the decisions about values and pixels, and the
profile by which it was published. Other rooms give these words their meaning; here they are only read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from curator.rulefile.shapes import Choice, Filled, ListOf, Text, Word, told

if TYPE_CHECKING:
    from curator.rulefile.file import RuleFile

SECTION: Final = "batch"
WAYS: Final = ("majority", "newest", "destination", "decided")
_DECIDED: Final = ("value", "majority", "newest", "destination", "absent", "leave", "merge")
_WORDS: Final = ("keep", "remove", "replace", "empty", "clean")
_SEEN: Final = ("clear", "exclude")
_ANY: Final = Text(filled=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictDecision(Word):
    """What is right where image sets disagree about an element, or whether a torn series is merged."""

    name: ClassVar[str] = "a resolution"
    element: str = told(_ANY, "the element, without indices; '' for the torn series itself")
    choice: str = told(Choice(_DECIDED), "what becomes of it")
    value: str = told(_ANY, "the value, where that is the choice", "")
    scope: str = told(_ANY, "patient, study or series; any without it", "")
    group: str = told(_ANY, "the one conflict it is about, by its PatientID or UID; all without it", "")
    why: str = told(_ANY, "the reason", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueDecision(Word):
    """What becomes of one value of one element when it is published."""

    name: ClassVar[str] = "a decision"
    element: str = told(Text(), "the element, as curator values writes it")
    vr: str = told(_ANY, "its VR", "")
    value: str = told(_ANY, "the exact value")
    decision: str = told(Choice(_WORDS), "what becomes of it")
    replacement: str = told(_ANY, "by what it is replaced", "")
    why: str = told(_ANY, "the reason", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenDecision(Word):
    """What a reviewer said of an instance's pixels, signed: it is told on as it was said."""

    name: ClassVar[str] = "a decision about pixels"
    instance: str = told(Text(), "the SOP Instance UID")
    decision: str = told(Choice(_SEEN), "whether it may be published")
    pixels: str = told(
        _ANY, "the frames that were looked at, as curator pixels --csv names them; any without it", ""
    )
    by: str = told(_ANY, "who looked", "")
    when: str = told(_ANY, "when", "")
    why: str = told(_ANY, "the reason", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch(Word):
    """What is done around the rules of a file."""

    name: ClassVar[str] = "batch"
    resolve: str = told(Choice(WAYS), "first, resolve conflicts this way", "")
    among: str = told(
        Text(longest=100_000),
        "resolve conflicts among these image sets: an expression; among all without it",
        "",
    )
    resolutions: tuple[ConflictDecision, ...] = told(
        ListOf(Filled(ConflictDecision), most=100_000), "what was decided of conflicts", ()
    )
    publish: str = told(Text(), "last, publish by this profile: a bundled name, or a file's path", "")
    decisions: tuple[ValueDecision, ...] = told(
        ListOf(Filled(ValueDecision), most=100_000), "what was decided of values that are published", ()
    )
    pixels: tuple[SeenDecision, ...] = told(
        ListOf(Filled(SeenDecision), most=100_000), "what reviewers said of pixels, the last word last", ()
    )

    def problem(self) -> str | None:
        """Return what is missing: decisions need what they are about."""
        if (self.resolutions or self.among) and not self.resolve:
            return "resolve: one of majority, newest, destination, decided, for what is said of conflicts to be used"
        if (self.decisions or self.pixels) and not self.publish:
            return "publish: a profile, for the decisions to be used"
        if not (self.resolve or self.publish):
            return "resolve or publish"
        return None


def batch_of(file: RuleFile) -> Batch | None:
    """Return what a file says of batch, None where it says nothing."""
    found = file.sections.get(SECTION)
    return found if isinstance(found, Batch) else None
