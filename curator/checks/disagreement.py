"""Elements that must agree and do not: which values there are, how they weigh, what would settle it.

Values are weighed by instances, image sets and dates; an absent or empty element never outweighs a value. What a
smaller scope explains (the sets of one series disagree) is not said again by the larger one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from curator.checks.view import Member, Scope, View
from curator.dicom import Json
from curator.dicom.dictionary import tag_of_key, vrs
from curator.dicom.levels import Level
from curator.findings import ABSENT, Absent, Change, Finding, Safety, Severity, Why
from curator.imageset import ElementPath
from curator.printable import plural

LEVELS: Final = {
    Scope.SERIES: (Level.PATIENT, Level.STUDY, Level.SERIES),
    Scope.STUDY: (Level.PATIENT, Level.STUDY),
    Scope.PATIENT: (Level.PATIENT,),
}
"""Which levels must agree within each scope (PS3.3 A.1.2; guide, "Metadata normalization")."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the values in use, and the series of image sets that hold it."""

    value: Json | Absent = field(repr=False)
    members: tuple[Member, ...]

    @property
    def filled(self) -> bool:
        """Whether it is a value at all: neither absent nor empty."""
        return self.value is not ABSENT and self.value not in (None, "", [])

    @property
    def instances(self) -> int:
        """In how many instances it stands."""
        return sum(member.instances for member in self.members)

    @property
    def weight(self) -> tuple[bool, bool, int, int, float]:
        """What decides between variants: being filled, present, instances, image sets, the newest date."""
        newest = max(member.set.updated_at for member in self.members)
        return self.filled, self.value is not ABSENT, self.instances, len(self.members), newest

    def evidence(self) -> tuple[str, str]:
        """Return (how the value weighs, the value)."""
        newest = datetime.fromtimestamp(self.weight[-1], UTC).strftime("%Y-%m-%d")
        weight = f"{plural(self.instances, 'instance')} in {plural(len(self.members), 'image set')}, newest {newest}"
        return weight, shown(self.value)


def shown(value: Json | Absent) -> str:
    """Return a value as evidence."""
    if value is ABSENT:
        return "absent"
    if value is None or value == "":
        return "empty"
    if not isinstance(value, list):
        return str(value)
    if not any(isinstance(each, dict) for each in value):
        return "\\".join("" if each is None else str(each) for each in value)
    return plural(len(value), "item")


def unpadded(value: Json | Absent) -> object:
    """Return a value without trailing spaces, which are padding; hashable."""
    if isinstance(value, str):
        return value.rstrip(" ") or None
    if isinstance(value, list):
        return tuple(unpadded(each) for each in value) or None
    if isinstance(value, dict):
        return tuple(sorted((key, unpadded(each)) for key, each in value.items()))
    return (type(value).__name__, value) if isinstance(value, bool | float) else value


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One element with several values in a scope; the heaviest variant first."""

    level: Level
    keyword: str
    variants: tuple[Variant, ...]

    @property
    def only_emptiness(self) -> bool:
        """Whether all that differs is absent against empty."""
        return not any(variant.filled for variant in self.variants)

    @property
    def filled(self) -> int:
        """How many different values there are."""
        return sum(variant.filled for variant in self.variants)

    def in_words(self) -> str:
        """Return how the values differ, without them."""
        if self.only_emptiness:
            return "absent in some, empty in others"
        missing = [v for v in self.variants if not v.filled]
        words = plural(self.filled, "value")
        if missing:
            words += ", and " + " or ".join(
                sorted({"absent" if v.value is ABSENT else "empty" for v in missing})
            )
        return words


def disagreements(view: View, scope: Scope) -> Iterator[tuple[Disagreement, tuple[Member, ...]]]:
    """Yield every element on which a group of the scope disagrees, with the group."""
    for group in view.disagreeing(scope):
        for members in _placed_alike(group, scope):
            for level in LEVELS[scope]:
                if len({member.hashes[level] for member in members}) > 1:
                    for found in _compare(view, scope, level, members):
                        yield found, members


def _placed_alike(group: Iterable[Member], scope: Scope) -> Iterator[tuple[Member, ...]]:
    """Part a group by where its members stand: those that stand elsewhere are a wrong merge, not a disagreement."""
    parts: dict[tuple[str, str], list[Member]] = defaultdict(list)
    for member in group:
        study = member.study_uid if scope is Scope.SERIES else ""
        parts[study, member.patient_id].append(member)
    yield from (tuple(part) for part in parts.values() if len(part) > 1)


def _compare(view: View, scope: Scope, level: Level, members: Sequence[Member]) -> Iterator[Disagreement]:
    by_hash: dict[bytes, list[Member]] = defaultdict(list)
    for member in members:
        by_hash[member.hashes[level]].append(member)
    levels = [(view.elements(digest), holders) for digest, holders in by_hash.items()]
    for keyword in dict.fromkeys(key for elements, _ in levels for key in elements):
        variants = _variants(keyword, levels)
        if len(variants) > 1 and not _explained_below(variants, scope):
            yield Disagreement(level, keyword, variants)


def _variants(keyword: str, levels: Iterable[tuple[Mapping[str, Json], list[Member]]]) -> tuple[Variant, ...]:
    found: dict[object, tuple[Json | Absent, list[Member]]] = {}
    for elements, holders in levels:
        value: Json | Absent = elements.get(keyword, ABSENT) if keyword in elements else ABSENT
        found.setdefault(unpadded(value), (value, []))[1].extend(holders)
    variants = (Variant(value, tuple(holders)) for value, holders in found.values())
    return tuple(sorted(variants, key=lambda variant: variant.weight, reverse=True))


_BELOW: Final[dict[Scope, Callable[[Member], str]]] = {
    Scope.STUDY: lambda member: member.series_uid,
    Scope.PATIENT: lambda member: member.study_uid,
}


def _explained_below(variants: Sequence[Variant], scope: Scope) -> bool:
    """Tell whether the parts (series of a study, studies of a patient) agree once each has settled its own affair."""
    part_of = _BELOW.get(scope)
    if part_of is None:
        return False
    weights: dict[str, dict[int, tuple[bool, int]]] = defaultdict(dict)
    for number, variant in enumerate(variants):
        for member in variant.members:
            part = weights[part_of(member)]
            part[number] = variant.filled, part.get(number, (False, 0))[1] + member.instances
    chosen = {max(part, key=lambda number: (part[number], -number)) for part in weights.values()}
    return len(chosen) == 1


def finding(
    code: str,
    severity: Severity,
    disagreement: Disagreement,
    members: Sequence[Member],
    scope: Scope,
    noun: str,
) -> Finding:
    """Return the finding of one disagreement, with a change for each set that holds another value than the heaviest.

    At a tie nothing is proposed: a person says which value is right.
    """
    best, *others = disagreement.variants
    odd = [member for variant in others for member in variant.members]
    refs = tuple(dict.fromkeys(member.set.ref for member in (*odd, *best.members)))
    safety = Safety.SAFE if disagreement.only_emptiness else Safety.REVIEW
    changes = tuple(_changes(code, disagreement, best, others, safety))
    mend = (
        f"align {plural(len(odd), 'image set')} to the value of {plural(best.instances, 'instance')}"
        f" in {plural(len(best.members), 'image set')}"
    )
    if best.filled and any(each.filled and each.instances == best.instances for each in others):
        safety, changes, mend = Safety.REPORT_ONLY, (), "no majority: find out which value is right"
    return Finding(
        code,
        severity,
        f"{disagreement.keyword}: {disagreement.in_words()} in the {plural(len(members), noun)} of a {scope}",
        refs,
        _path(disagreement, odd[0]),
        tuple(variant.evidence() for variant in disagreement.variants),
        safety,
        changes,
        mend,
    )


def _path(disagreement: Disagreement, member: Member) -> ElementPath:
    series = member.series_uid if disagreement.level is Level.SERIES else ""
    return ElementPath(disagreement.level, series, steps=(disagreement.keyword,))


def _changes(
    code: str, disagreement: Disagreement, best: Variant, others: Iterable[Variant], safety: Safety
) -> Iterator[tuple[str, Change]]:
    tag = tag_of_key(disagreement.keyword)
    vr = (vrs(tag) or ("UN",))[0] if tag is not None else "UN"
    why = Why(
        code, "aligned to the value of most instances", (("image sets that agree", str(len(best.members))),)
    )
    for variant in others:
        for member in variant.members:
            path = _path(disagreement, member)
            yield member.set.id, Change(path, variant.value, best.value, vr, why, safety)
