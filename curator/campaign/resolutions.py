"""Resolutions: what a person decided of conflicts, kept in the project and read from CSV.

A resolution is about one conflict (scope, group, element) or, with an empty group, about all conflicts of an element:
then a given value wins only where one of the image sets has it. Element "" is the torn series itself.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TextIO, TypeAlias

from curator.campaign.conflicts import Conflict, vr_of
from curator.checks.view import Scope
from curator.dicom import Json
from curator.errors import UsageError
from curator.findings import ABSENT, Absent, Why
from curator.imageset import parse_path
from curator.plan.merging import TIES, Choice, winning
from curator.plan.typed import as_typed, typed
from curator.printable import plural

if TYPE_CHECKING:
    from curator.project import Project

Key: TypeAlias = "tuple[str, str, str]"


class Word(StrEnum):
    """What can be decided of a conflict."""

    VALUE = "value"
    MAJORITY = "majority"
    NEWEST = "newest"
    DESTINATION = "destination"
    ABSENT = "absent"  # the element is removed everywhere
    LEAVE = "leave"
    MERGE = "merge"  # of a torn series


_OF_SERIES: Final = frozenset((Word.MERGE, Word.LEAVE))
_TYPED: Final = frozenset((Word.VALUE, Word.ABSENT))
COLUMNS: Final = ("scope", "group", "element", "choice", "value", "by", "when", "why")


@dataclass(frozen=True, slots=True)
class Resolution:
    """One decision. ``scope`` "" is any, ``group`` "" is all; ``value`` is text as people type it."""

    scope: str
    group: str = field(repr=False)
    element: str
    choice: Word
    value: str = field(default="", repr=False)
    by: str = ""
    when: str = ""
    why: str = ""

    @property
    def key(self) -> Key:
        """What it is about."""
        return self.scope, self.group, self.element

    @property
    def told(self) -> str:
        """The decision as reasons name it; no element's value."""
        words = {
            Word.VALUE: "a value chosen",
            Word.MAJORITY: "the majority's value, decided",
            Word.NEWEST: "the newest value, decided",
            Word.DESTINATION: "the destination's value, decided",
            Word.ABSENT: "removal, decided",
        }
        said = (("by", self.by), ("on", self.when), ("because", self.why))
        return " ".join(
            [words.get(self.choice, str(self.choice)), *(f"{w} {text}" for w, text in said if text)]
        )


@dataclass(frozen=True, slots=True)
class Settled:
    """What becomes of a conflict: the value for all, and why."""

    value: Json | Absent = field(repr=False)
    why: Why


class Resolutions:
    """Decisions by what they are about; of several about all conflicts of an element, the first that fits holds."""

    def __init__(self, found: Iterable[Resolution] = ()) -> None:
        self._one: dict[Key, Resolution] = {}
        self._all: dict[str, list[Resolution]] = {}
        for each in found:
            if each.group:
                self._one.setdefault(each.key, each)
            else:
                self._all.setdefault(each.element, []).append(each)

    def of(self, conflict: Conflict) -> Resolution | None:
        """Return the decision that holds for a conflict: its own before one for all alike."""
        own = self._one.get(conflict.key)
        if own is not None:
            return own
        for each in self._all.get(conflict.element, ()):
            if each.scope in ("", conflict.scope) and (
                each.choice is not Word.VALUE or _held(each, conflict)
            ):
                return each
        return None

    def settle(self, conflict: Conflict, how: Choice | None) -> Settled | None:
        """Return what becomes of an element's conflict; None where nobody decided, to leave it, and at a tie.

        ``how`` decides what no person did, except where misplaced sets belong.
        """
        found = self.of(conflict)
        if found is not None and found.choice in _OF_SERIES:
            return None
        if found is not None and found.choice in _TYPED:
            return Settled(value_of(found, conflict), reason(conflict, found.told))
        policy = self._policy(conflict, how)
        if policy is None or (winner := winning(conflict.values, conflict.holders, policy)) is None:
            return None
        words = {
            Choice.MAJORITY: "the majority's",
            Choice.NEWEST: "the newest",
            Choice.DESTINATION: "the destination's",
        }
        told = found.told if found is not None else f"{words[policy]} value"
        return Settled(conflict.values[winner], reason(conflict, told))

    def tie(self, conflict: Conflict, how: Choice | None = None) -> str:
        """Return why a conflict stays although a policy was to decide it; empty where no tie stands in the way."""
        policy = None if conflict.torn else self._policy(conflict, how)
        return tied(conflict, policy) if policy is not None else ""

    def _policy(self, conflict: Conflict, how: Choice | None) -> Choice | None:
        """Return what weighs a conflict's values: what a person chose, else ``how``; None: nothing does."""
        found = self.of(conflict)
        if found is not None:
            return None if found.choice in (*_OF_SERIES, *_TYPED) else Choice(found.choice)
        return None if conflict.identity else how

    def merges(self, conflict: Conflict, how: Choice | None) -> bool:
        """Say whether a torn series is to be merged."""
        found = self.of(conflict)
        return found.choice is Word.MERGE if found is not None else how is not None

    def left(self, conflict: Conflict) -> bool:
        """Say whether somebody decided to leave a conflict as it is."""
        found = self.of(conflict)
        return found is not None and found.choice is Word.LEAVE


def tied(conflict: Conflict, how: Choice) -> str:
    """Return why a policy does not decide a conflict, as ``no majority: 50% each``; empty where it does."""
    if winning(conflict.values, conflict.holders, how) is not None:
        return ""
    first, *others = conflict.variants()
    if how is Choice.NEWEST:
        newest = max(each.newest for each in (first, *others))
        count = sum(each.newest == newest for each in (first, *others))
        return f"{TIES[how]}: {count:,} values of the same time"
    # The heaviest come first.
    equal = [
        first,
        *(each for each in others if (each.filled, each.instances) == (first.filled, first.instances)),
    ]
    whole = sum(each.instances for each in (first, *others))
    among = "" if len(equal) == len(others) + 1 else f" for {len(equal):,} values"
    return f"{TIES[how]}: {share(first.instances, whole)} each{among}"


def share(part: int, whole: int) -> str:
    """Return how much of a whole a part is, rounded; neither none nor all of it where it is not."""
    percent = round(100 * part / whole) if whole else 0
    if percent == 0 and part:
        return "<1%"
    return ">99%" if percent == 100 and part < whole else f"{percent}%"


def reason(conflict: Conflict, told: str) -> Why:
    """Return why an element gets its value, and how the values weigh."""
    rule = "merge" if conflict.scope is Scope.SERIES else "resolve"
    weights = "; ".join(
        f"{plural(each.instances, 'instance')} in {plural(len(each.holders), 'image set')}"
        for each in conflict.variants()
    )
    return Why(
        rule,
        f"the image sets of one {conflict.scope} must agree: {told}",
        (("scope", str(conflict.scope)), ("chosen", told), ("values weigh", weights)),
    )


def _held(decision: Resolution, conflict: Conflict) -> bool:
    return any(not isinstance(each, Absent) and as_typed(each) == decision.value for each in conflict.values)


def value_of(decision: Resolution, conflict: Conflict) -> Json | Absent:
    """Return the very value that a decision names. `UsageError` if it cannot be typed under the element's VR."""
    assert conflict.path is not None
    if decision.choice is Word.ABSENT:
        return ABSENT
    # The very JSON that a set holds, where it has the text: a number's spelling counts.
    for each in conflict.values:
        if not isinstance(each, Absent) and as_typed(each) == decision.value:
            return each
    return typed(decision.value, conflict.vr, conflict.path)


def right_values(decisions: Iterable[Resolution]) -> dict[str, Json | Absent]:
    """Return the values that decisions about all conflicts of an element give it, by path, the first of several."""
    found: dict[str, Json | Absent] = {}
    for each in decisions:
        if not each.group and each.choice in (Word.VALUE, Word.ABSENT):
            path = parse_path(each.element)
            value = ABSENT if each.choice is Word.ABSENT else typed(each.value, vr_of(path.key), path)
            found.setdefault(each.element, value)
    return found


# ── kept in the project ──────────────────────────────────────────────────────────────────────────────────


def kept(project: Project) -> list[Resolution]:
    """Return all decisions of a project, in the order of their keys."""
    path = project.resolutions
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8-sig") as sheet:
        return read(sheet, path.name)


def decide(project: Project, new: Sequence[Resolution], *, withdrawn: Iterable[Key] = ()) -> list[Resolution]:
    """Keep decisions, signed with the user and the day where they are not, take others back; return all."""
    import getpass

    from curator.project import one_at_a_time, write_private

    by, today = getpass.getuser(), datetime.now(UTC).date().isoformat()
    with one_at_a_time(project.resolutions):
        held = {each.key: each for each in kept(project)}
        for key in withdrawn:
            held.pop(key, None)
        for each in new:
            held[each.key] = replace(each, by=each.by or by, when=each.when or today)
        everything = sorted(held.values(), key=lambda each: each.key)
        out = io.StringIO(newline="")
        write(everything, out)
        write_private(project.resolutions, out.getvalue().encode())
    return everything


def write(resolutions: Iterable[Resolution], out: TextIO) -> None:
    """Write decisions as CSV."""
    from curator.catalogue.values import guarded

    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for each in resolutions:
        writer.writerow([guarded(str(getattr(each, column))) for column in COLUMNS])


def read(source: TextIO, name: str) -> list[Resolution]:
    """Read decisions from CSV; rows without a choice are left out. `UsageError` names every wrong row.

    Without a column ``choice`` each row gives a right value: columns ``element`` and ``value`` are enough.
    """
    from curator.catalogue.values import unguarded

    reader = csv.DictReader(source)
    columns = reader.fieldnames or ()
    if not {"element", "value"} <= set(columns):
        raise UsageError(f"{name} has no columns element and value.")
    found: list[Resolution] = []
    wrong: list[str] = []
    for row in reader:
        texts = {column: unguarded(row.get(column) or "") for column in COLUMNS}
        word = texts.pop("choice").strip().lower()
        if "choice" not in columns:
            word = str(Word.VALUE)
        if not word:
            continue
        problem = _problem(texts["scope"], texts["element"], word)
        if problem:
            wrong.append(f"  {name}:{reader.line_num}: {problem}")
            continue
        element = texts.pop("element")
        if element:
            element = str(parse_path(element).generic())
        found.append(Resolution(element=element, choice=Word(word), **texts))
    if wrong:
        raise UsageError("\n".join([f"{name} holds decisions that cannot be taken:", *wrong]))
    return found


def _problem(scope: str, element: str, word: str) -> str:
    if scope not in ("", *map(str, Scope)):
        return f"the scope is one of {', '.join(map(str, Scope))}, or empty for any"
    if word not in list(Word):
        return f"the choice is one of {', '.join(map(str, Word))}"
    if not element and word not in _OF_SERIES:
        return "a series as a whole (no element) is merged or left"
    if element and word == Word.MERGE:
        return "a series is merged as a whole: the element stays empty"
    try:
        if element:
            parse_path(element)
    except UsageError:
        return "the element is a path such as Patient/PatientName"
    return ""
