"""Which files of a job make one image set, and what they disagree on (guide, "Understanding import jobs")."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from curator.dicom import Json, dictionary
from curator.dicom.levels import GROUPING, Level
from curator.localstore.imports.packing import PackedInstance

__all__ = ["Disagreement", "Group", "agree_with", "group_instances", "grouping_values"]

_SEVEN = tuple((level, dictionary.key_of_tag(tag)) for tag, level in GROUPING.items())
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A Patient, Study or Series attribute of one file that is not what its image set keeps. Holds values."""

    source: str
    level: Level
    attribute: str
    kept: Json
    found: Json
    absent: bool


@dataclass(frozen=True, slots=True)
class Group:
    """Instances that become one image set, their levels made equal."""

    instances: tuple[PackedInstance, ...]
    disagreements: tuple[Disagreement, ...]
    replaced: tuple[PackedInstance, ...] = ()
    """Instances that a later file with the same SOP Instance UID took the place of (edition 2025-07)."""


def grouping_values(instance: PackedInstance) -> tuple[Json, ...]:
    """Return the seven values that decide the image set; assumption: an absent element groups as an empty one."""
    levels = {Level.PATIENT: instance.patient, Level.STUDY: instance.study, Level.SERIES: instance.series}
    return tuple(levels[level].get(keyword) for level, keyword in _SEVEN)


def group_instances(instances: Iterable[PackedInstance], *, last_wins: bool) -> list[Group]:
    """Return the image sets of a job, in order of their first files.

    ``last_wins``: of files with one SOP Instance UID in a group the last stays. Otherwise each further one goes to a
    further image set: assumption, for the guide says only that SOP Instance UIDs are unique within an image set.
    """
    found: dict[tuple[str, int], dict[str, PackedInstance]] = {}
    replaced: dict[tuple[str, int], list[PackedInstance]] = {}
    for instance in instances:
        values, nth = repr(grouping_values(instance)), 0
        while not last_wins and instance.sop_instance_uid in found.get((values, nth), {}):
            nth += 1
        members = found.setdefault((values, nth), {})
        if instance.sop_instance_uid in members:
            replaced.setdefault((values, nth), []).append(members[instance.sop_instance_uid])
        members[instance.sop_instance_uid] = instance
    return [_group(list(members.values()), tuple(replaced.get(key, ()))) for key, members in found.items()]


def _group(members: Sequence[PackedInstance], replaced: tuple[PackedInstance, ...]) -> Group:
    """Give all members the same levels.

    assumption: what the service keeps when instances disagree outside the seven elements is not documented. Here the
    first file that has the attribute decides, and every file that says otherwise is listed in ``warning.ndjson``.
    """
    disagreements: list[Disagreement] = []
    patient = _agreed(Level.PATIENT, [(m.source, m.patient) for m in members], disagreements)
    study = _agreed(Level.STUDY, [(m.source, m.study) for m in members], disagreements)
    series = _agreed(Level.SERIES, [(m.source, m.series) for m in members], disagreements)
    equal = tuple(replace(m, patient=patient, study=study, series=series) for m in members)
    return Group(equal, tuple(disagreements), replaced)


def agree_with(stated: PackedInstance, group: Group) -> Group:
    """Return the group with the levels that ``stated`` has, everything else about them listed as disagreement."""
    disagreements: list[Disagreement] = []
    for member in group.instances:
        _agreed(Level.PATIENT, [("", stated.patient), (member.source, member.patient)], disagreements)
        _agreed(Level.STUDY, [("", stated.study), (member.source, member.study)], disagreements)
        _agreed(Level.SERIES, [("", stated.series), (member.source, member.series)], disagreements)
    equal = tuple(
        replace(one, patient=stated.patient, study=stated.study, series=stated.series)
        for one in group.instances
    )
    named = tuple(found for found in disagreements if found.source)
    return Group(equal, group.disagreements + named, group.replaced)


def _agreed(
    level: Level, stated: Sequence[tuple[str, dict[str, Json]]], disagreements: list[Disagreement]
) -> dict[str, Json]:
    first = stated[0][1]
    if all(values == first for _, values in stated[1:]):
        return first
    kept = dict(first)
    for _, values in stated[1:]:
        for keyword, value in values.items():
            kept.setdefault(keyword, value)
    for source, values in stated:
        for keyword, value in kept.items():
            found = values.get(keyword, _MISSING)
            if found != value:
                absent = found is _MISSING
                disagreements.append(
                    Disagreement(source, level, keyword, value, None if absent else values[keyword], absent)
                )
    return kept
