"""What a plan cannot do, said by reason and count."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

import msgspec


class Reason(StrEnum):
    """Why a change is not in the plan. The text is shown; it names no element and holds no value."""

    OVERRULED = "another rule, of higher priority, writes the same element"
    AGREED = "another rule makes the same change"
    STALE = "the element is not as it was when the change was proposed"
    NOTHING = "the element already is as wanted"
    GONE = "its instance or series is removed"
    NO_PLACE = "its level, sequence or item is not there"
    NEVER = "the service never lets it be edited"
    KEYS = "an instance, a series or a study cannot lose its UID"
    LEVEL = "it stands on another level"
    PRIVATE_LEVEL = "private elements exist on instances only"
    VALUE = "the new value is not valid for its VR"
    TOO_LARGE = "it is larger than one call's payload, as the service takes sequences and values whole"
    UNREMOVABLE = "its empty value cannot be matched, and no short value can stand in for it"
    SAME_UID = "two instances or series would have the same UID"
    PRIMARY = "the service does not let it be changed on a primary image set"
    PRIMARY_STUDY = "it needs all primary image sets of the study, and they do not agree"
    REPORT_ONLY = "the rule only reports"
    TIE = "its values weigh the same, and nobody said which is right"
    REVIEW = "it awaits a person's review"
    SAME_SOP = "the other image set holds an instance of the same UID and other content"
    DUPLICATE = "the other image set holds the same instance"
    FRAMES = "an instance of more than 1,000 frames cannot be copied"
    APART = "its series cannot be copied with the others: the first copy needs an instance of each, of 1,000 frames in all"
    PIXELS = "its pixels may show who the patient is"
    BESIDE_PIXELS = "text stands beside the pixels, in segments of its frames that are kept as received"
    EXCLUDED = "a reviewer excluded it from publishing"
    SERIES = "the image sets hold different series"
    UNCLEAN = "updates cannot clean it whole: an element is larger than one call's payload"
    NOT_APPROVED = "a person took it out of the plan before it was applied"
    QUARANTINED = "a rule puts it aside for a person"


OF_INSTANCES: Final = frozenset(
    {
        Reason.PIXELS,
        Reason.BESIDE_PIXELS,
        Reason.EXCLUDED,
        Reason.FRAMES,
        Reason.APART,
        Reason.UNCLEAN,
        Reason.QUARANTINED,
    }
)
"""Reasons that keep whole instances out; ``element`` then names their SOP class."""


class LeftOut(msgspec.Struct, frozen=True, order=True):
    """So many changes were left out, for this reason; ``element`` is the generic path, ``rule`` whose they are."""

    reason: Reason
    rule: str = ""
    element: str = ""
    count: int = 1


def tally(found: Iterable[LeftOut]) -> tuple[LeftOut, ...]:
    """Return the entries with equal reason, rule and element added up, sorted."""
    counts: dict[tuple[Reason, str, str], int] = {}
    for each in found:
        key = (each.reason, each.rule, each.element)
        counts[key] = counts.get(key, 0) + each.count
    return tuple(LeftOut(*key, count=count) for key, count in sorted(counts.items()))
