"""What verification finds: violations without values, their evidence held apart, and a count of each check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class Check(StrEnum):
    """What is checked. The first ten are MIDI-B's actions, read more strictly; the rest are ours."""

    TAG_RETAINED = "tag_retained"
    TEXT_NOT_NULL = "text_notnull"
    TEXT_RETAINED = "text_retained"
    TEXT_REMOVED = "text_removed"
    DATE_SHIFTED = "date_shifted"
    UID_CHANGED = "uid_changed"
    UID_CONSISTENT = "uid_consistent"
    PATIENT_ID_CONSISTENT = "patid_consistent"
    PIXELS_HIDDEN = "pixels_hidden"
    PIXELS_RETAINED = "pixels_retained"
    INSTANCE_PUBLISHED = "instance published"
    REFERENCE_RESOLVES = "reference resolves"
    REFERS_TO_LEFT_OUT = "nothing refers to what was left out"
    MAP_IS_BIJECTIVE = "map is bijective"
    AS_DECIDED = "value as a reviewer decided"
    PRIVATE_IS_SAFE = "private element is safe"
    NOTHING_ADDED = "nothing added"
    REQUIRED_IS_THERE = "Type 1 and 2 present"
    VALUE_IS_VALID = "value valid for its VR"
    MARKERS_ARE_TRUE = "markers say what was done"
    NO_IDENTIFIER = "no identifier of the subject"
    NO_PATTERN = "nothing that looks like an identifier"
    BINARY_IS_READ = "binary data read"
    NOT_FOUND_BY_ORIGINAL_ID = "not found by an original id"
    WORKING_COPY_GONE = "working copy gone"


MIDI_B: Final = tuple(Check)[:10]
"""The actions that MIDI-B scores."""

NOTED: Final = frozenset({Check.BINARY_IS_READ, Check.NO_PATTERN, Check.REFERS_TO_LEFT_OUT})
"""Checks that cannot prove a leak: what they name needs a person, and is never counted as passed."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that does not hold, at one place; like ones on other instances are counted in ``count``.

    ``place`` names levels by ordinal and elements by keyword: no UID, no value.
    """

    check: Check
    image_set: str
    version: str
    place: str
    message: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class Evidence:
    """The values behind a violation's first place: PHI, kept apart, and never printed by ``repr``."""

    original: str = field(repr=False)
    published: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Count:
    """How often a check was made, and how often it failed."""

    checked: int = 0
    failed: int = 0

    @property
    def passed(self) -> int:
        """How often it held."""
        return self.checked - self.failed

    @property
    def share(self) -> float:
        """The share that held, 0 … 1; 1 where there was nothing to check."""
        return self.passed / self.checked if self.checked else 1.0


OUTSIDE: Final = (
    "AWS CloudTrail data events of the data stores: request parameters of searches",
    "import manifests and DICOM files in Amazon S3: the job's input and output folders",
    "tags of image sets and data stores, and their ARNs in other systems",
    "the original image sets and their versions, where they are kept",
    "copies made by others: exports, caches, logs of viewers, backups",
    "pixels and other bulk data: only signs in the attributes are read, no picture is looked at",
    "what the text says about a person without naming an identifier the original holds",
)
"""What no reading of metadata can prove: the report lists it as it stands."""


@dataclass(frozen=True, slots=True)
class Verification:
    """The outcome: what does not hold, what needs a person, and how often each check was made."""

    violations: tuple[Violation, ...]
    notes: tuple[Violation, ...]
    """Binary data that could not be read, and text that looks like an identifier: never "passed"."""
    counts: Mapping[Check, Count]
    weak_terms: int
    """Identifiers too short to be looked for outside text elements (by kind, not by value)."""
    evidence: Mapping[Violation, Evidence] = field(repr=False)
    outside: tuple[str, ...] = OUTSIDE

    @property
    def passed(self) -> bool:
        """Whether everything that can be proved holds; `notes` may still need a person."""
        return not self.violations

    def midi_b(self) -> tuple[tuple[str, int, int, float], ...]:
        """Return MIDI-B's table: (action, passed, failed, share in per cent)."""
        rows = ((check, self.counts.get(check, Count())) for check in MIDI_B)
        return tuple((str(check), made.passed, made.failed, 100 * made.share) for check, made in rows)

    def summary(self) -> tuple[str, ...]:
        """Return the outcome in lines that hold no values: verdict, counts by check, what is not covered."""
        verdict = "verified" if self.passed else "NOT verified"
        lines = [
            f"{verdict}: {sum(v.count for v in self.violations)} violations, {len(self.notes)} places to look at"
        ]
        lines += [
            f"  {check}: {made.checked} checked, {made.failed} {'to look at' if check in NOTED else 'failed'}"
            for check, made in sorted(self.counts.items(), key=lambda pair: list(Check).index(pair[0]))
        ]
        lines.append(
            f"  weakly covered: {self.weak_terms} short identifiers, looked for in text elements only"
        )
        lines += [f"  outside the tool's reach: {each}" for each in self.outside]
        return tuple(lines)


@dataclass(frozen=True, slots=True)
class ServiceCheck:
    """What a caller found out over the service: a search by an original id, a look for the working copy."""

    check: Check
    image_set: str
    """The image set the check is about: the published one, or the working copy."""
    holds: bool
    message: str
    """Which search or look it was, without the id searched for."""
