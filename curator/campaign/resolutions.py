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
from curator.plan.merging import Choice, choose
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
        """Return what becomes of an element's conflict; None where nobody decided, or to leave it.

        ``how`` decides what no person did, except where misplaced sets belong.
        """
        found = self.of(conflict)
        if found is not None:
            if found.choice in _OF_SERIES:
                return None
            return Settled(value_of(found, conflict), reason(conflict, found.told))
        if how is None or conflict.identity:
            return None
        words = {
            Choice.MAJORITY: "the majority's",
            Choice.NEWEST: "the newest",
            Choice.DESTINATION: "the destination's",
        }
        return Settled(
            choose(conflict.values, conflict.holders, how), reason(conflict, f"{words[how]} value")
        )

    def merges(self, conflict: Conflict, how: Choice | None) -> bool:
        """Say whether a torn series is to be merged."""
        found = self.of(conflict)
        return found.choice is Word.MERGE if found is not None else how is not None

    def left(self, conflict: Conflict) -> bool:
        """Say whether somebody decided to leave a conflict as it is."""
        found = self.of(conflict)
        return found is not None and found.choice is Word.LEAVE


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
    """Return the value that a decision gives a conflict's element. `UsageError` if it cannot be typed under its VR."""
    assert conflict.path is not None
    match decision.choice:
        case Word.ABSENT:
            return ABSENT
        case Word.VALUE:
            # The very JSON that a set holds, where it has the text: a number's spelling counts.
            for each in conflict.values:
                if not isinstance(each, Absent) and as_typed(each) == decision.value:
                    return each
            return typed(decision.value, conflict.vr, conflict.path)
        case word:
            return choose(conflict.values, conflict.holders, Choice(word))


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
