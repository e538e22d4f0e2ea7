"""Changes without their places: what many levels have in common is one object, and a `Change` is made when asked for.

De-identification does the same to equal values on thousands of instances. As changes, each with a path of its own,
that is a hundred thousand objects an image set, and planners find out the same about each of them. A **treatment**
is what is done to one element of some value, wherever it stands: one object for all levels where that value stands
under that key, so that whatever follows from it (is the new value valid? how many bytes does a call spend on it?)
is found once. `Treated` holds them level by level, and is at the same time the collection of the plain changes.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import msgspec

from curator.dicom import Json
from curator.dicom.levels import Level
from curator.findings import ABSENT, Absent, Change, Safety, Why, changed
from curator.imageset import ElementPath, ImageSetMetadata, Instance, SeriesNode, Step


class Part(msgspec.Struct, frozen=True, gc=False):
    """One change of a treatment; ``steps`` lead to its element from the level on."""

    steps: tuple[Step, ...]
    before: Json | Absent
    after: Json | Absent
    vr: str
    why: Why
    safety: Safety = Safety.REVIEW

    def __repr__(self) -> str:
        return f"Part(vr={self.vr!r}, why={self.why!r})"  # values and UIDs stay out of tracebacks

    def at(self, place: ElementPath) -> Change:
        """Return the change that this is on the level ``place``."""
        path = ElementPath(place.level, place.series, place.instance, self.steps)
        return Change(path, self.before, self.after, self.vr, self.why, self.safety)


@dataclass(slots=True, eq=False)
class Treatment:
    """What is done to an element of a level and to what is in it; known by identity, and never written to.

    A plain class on purpose: planners look it up once a change, and the identity of a msgspec structure takes
    twice as long to hash.
    """

    key: str
    """The element's key on the level itself."""
    before: Json | Absent = field(repr=False)
    after: Json | Absent = field(repr=False)
    """The element's whole value, after all parts."""
    parts: tuple[Part, ...] = field(repr=False)
    """The changes: one of the element itself, or those of elements inside its items, ordered by path."""

    @property
    def nested(self) -> bool:
        """Whether it changes what is inside a sequence, rather than the element as a whole."""
        return len(self.parts[0].steps) > 1


@dataclass(slots=True, eq=False)
class Group:
    """Treatments that levels have in common, ordered by key; known by identity, as a treatment is.

    The instances of a series mostly lose the same elements with the same values: what follows from losing all of
    them is then found once, and not even walked through again.
    """

    treatments: tuple[Treatment, ...] = field(default=(), repr=False)
    count: int = field(init=False)
    """How many changes they are."""

    def __post_init__(self) -> None:
        self.count = sum([len(treatment.parts) for treatment in self.treatments])


NOTHING: Final = Group()


class TreatedLevel(msgspec.Struct, frozen=True, gc=False):
    """What is done on one level. No two treatments, its own or of its group, have one key."""

    place: ElementPath
    attributes: Mapping[str, Json]
    """The level's attributes before; the document's own object, by which is told that nothing has changed since."""
    own: Sequence[Treatment]
    """Ordered by key."""
    group: Group = NOTHING

    @property
    def treatments(self) -> Sequence[Treatment]:
        """All treatments, ordered by key."""
        return sorted((*self.group.treatments, *self.own), key=key_of) if self.group.treatments else self.own

    def __repr__(self) -> str:
        return f"TreatedLevel({len(self.own)} own treatments)"

    def changes(self) -> Iterator[Change]:
        """Yield the changes, ordered by path."""
        for treatment in self.treatments:
            for part in treatment.parts:
                yield part.at(self.place)

    def after(self) -> dict[str, Json]:
        """Return the level's attributes as they are to be."""
        made = dict(self.attributes)
        for treatment in self.treatments:
            if isinstance(treatment.after, Absent):
                made.pop(treatment.key, None)
            else:
                made[treatment.key] = treatment.after
        return made


def key_of(treatment: Treatment) -> str:
    """Return the key by which treatments are ordered."""
    return treatment.key


def count_parts(level: TreatedLevel) -> int:
    """Return how many changes are made on a level."""
    return level.group.count + sum([len(treatment.parts) for treatment in level.own])


@dataclass(frozen=True)
class Treated(Collection[Change]):
    """All that is done to one document: level by level, each level once; as a collection, the changes that this is."""

    levels: tuple[TreatedLevel, ...] = ()

    def __iter__(self) -> Iterator[Change]:
        for level in self.levels:
            yield from level.changes()

    def __len__(self) -> int:
        return self._count

    @cached_property
    def _count(self) -> int:
        return sum(map(count_parts, self.levels))

    def __contains__(self, change: object) -> bool:
        return any(change == each for each in self)

    def made(self, doc: ImageSetMetadata) -> ImageSetMetadata:
        """Return ``doc``, which they concern, with all changes made; series and instances stay under their old UIDs."""
        levels = {level.place: level for level in self.levels}

        def node(place: ElementPath, before: Mapping[str, Json]) -> dict[str, Json]:
            level = levels.get(place)
            return dict(before) if level is None else {**before, "DICOM": level.after()}

        def instance(place: ElementPath, before: Instance) -> Instance:
            return Instance(None, node(place, before.node)) if place in levels else before

        series = {
            uid: SeriesNode(
                node(ElementPath(Level.SERIES, uid), found.node),
                {
                    sop: instance(ElementPath(Level.INSTANCE, uid, sop), each)
                    for sop, each in found.instances.items()
                },
            )
            for uid, found in doc.series.items()
        }
        patient = node(ElementPath(Level.PATIENT), doc.patient_node)
        return ImageSetMetadata(
            dict(doc.head), patient, node(ElementPath(Level.STUDY), doc.study_node), series
        )

    def concerns(self, doc: ImageSetMetadata) -> bool:
        """Say whether each level is in ``doc`` as it was when it was treated: that very object, not one like it."""
        return all(doc.attributes(level.place) is level.attributes for level in self.levels)


def made_by(changes: Collection[Change], doc: ImageSetMetadata) -> ImageSetMetadata:
    """Return the document with the changes made; series and instances stay under their old UIDs."""
    if isinstance(changes, Treated) and changes.concerns(doc):
        return changes.made(doc)
    return changed(doc, changes)


def without_instances(changes: Collection[Change], out: Container[str]) -> Collection[Change]:
    """Return the changes but for those on the instances ``out`` (SOP Instance UIDs)."""
    if isinstance(changes, Treated):
        return Treated(tuple(level for level in changes.levels if level.place.instance not in out))
    return [change for change in changes if change.path.instance not in out]


def treatment_of(node: Mapping[str, Json], top: str, parts: tuple[Part, ...]) -> Treatment:
    """Return what ``parts`` make of the element ``top`` of a level, as the service writes it."""
    first = parts[0]
    if len(first.steps) > 1:
        return Treatment(top, node[top], nested(node[top], parts), parts)
    after = first.after if isinstance(first.after, Absent) else normal(first.after)
    return Treatment(top, first.before, after, parts)


def nested(value: Json, parts: Iterable[Part]) -> Json:
    """Return a top-level element's value after changes below it: values, then new items, then items that go."""
    result = _copied(value)
    for change in in_order(parts):
        steps = change.steps[1:]
        place: Json = result
        for step in steps[:-1]:
            place = place[step]  # type: ignore[index]  # whoever made the parts walked the same way
        last = steps[-1]
        if isinstance(place, dict) and isinstance(last, str):
            if isinstance(change.after, Absent):
                del place[last]
            else:
                place[last] = normal(change.after)
        elif isinstance(place, list) and isinstance(last, int):
            if isinstance(change.after, Absent):
                del place[last]
            elif last == len(place):
                place.append(normal(change.after))
            else:
                place[last] = normal(change.after)
    return result


def _copied(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _copied(inner) for key, inner in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value


def in_order(parts: Iterable[Part]) -> Iterator[Part]:
    """Yield nested changes in an order in which each path still leads to its element.

    Items that go are last, from the back: an index must not shift before it is used.
    """
    listed = list(parts)
    going = [each for each in listed if each.after is ABSENT and isinstance(each.steps[-1], int)]
    yield from (each for each in listed if not (each.after is ABSENT and isinstance(each.steps[-1], int)))
    yield from sorted(going, key=lambda each: steps_order(each.steps), reverse=True)


def normal(value: Json) -> Json:
    """Return the value as the service writes it: integral numbers without a fraction."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, list):
        return [normal(item) for item in value]
    if isinstance(value, dict):
        return {key: normal(inner) for key, inner in value.items()}
    return value


def steps_order(steps: tuple[Step, ...]) -> tuple[tuple[bool, Step], ...]:
    """Return the sort key of steps: indices as numbers."""
    return tuple((isinstance(step, str), step) for step in steps)
