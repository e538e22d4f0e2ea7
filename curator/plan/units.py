"""What a plan consists of: units of work, each with the image sets it pins and the steps it takes, in order.

A unit succeeds or is taken back as a whole; units do not depend on each other. Image sets that exist are named by
their ids, those that a unit makes by ``$1``, ``$2`` in the order in which it makes them. The structures are also
the plan file's lines (`curator.plan.lines`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Final, TypeAlias, cast

import msgspec

from curator.dicom import Json
from curator.findings import Change, Why
from curator.imageset import ImageSetMetadata
from curator.plan.importing import imported
from curator.plan.leftout import LeftOut
from curator.plan.model import after_copy, after_update, copiable_of
from curator.plan.operations import Operations, changes_of
from curator.plan.packing import Call

ABSENT_BLOB: Final = b"null"


class Kind(StrEnum):
    """What a unit does."""

    UPDATE = "update"
    MERGE = "merge"
    SPLIT = "split"
    PUBLISH = "publish"
    DELETE = "delete"


class Role(StrEnum):
    """What an image set is to a unit."""

    TARGET = "target"  # updated in place
    DESTINATION = "destination"  # receives copies
    SOURCE = "source"  # copied from
    STUDY = "study"  # pinned, because an update of the whole study changes it too


class Member(msgspec.Struct, frozen=True):
    """An image set that the unit pins: its version and content when planned, and what it will be.

    ``versions`` is how many versions the unit adds to it; ``predicted`` the hash of its content afterwards.
    """

    id: str
    version: str
    content: str
    predicted: str
    role: Role = Role.TARGET
    primary: bool = False
    versions: int = 0
    instances: int = 0


class Update(msgspec.Struct, frozen=True, tag="update", tag_field="op"):
    """One UpdateImageSetMetadata. The blobs are sent as they stand here, byte for byte.

    ``study_wide`` sets ``includeStudyImageSets``: the call changes the sets in ``also``, too.
    """

    set: str
    updatable: msgspec.Raw = msgspec.Raw(ABSENT_BLOB)
    removable: msgspec.Raw = msgspec.Raw(ABSENT_BLOB)
    because: tuple[str, ...] = ()  # why it needs force; empty: it does not
    study_wide: bool = False
    also: tuple[str, ...] = ()

    @property
    def blobs(self) -> tuple[bytes | None, bytes | None]:
        """Both blobs as they are sent; None for one that is not."""
        both = bytes(self.updatable), bytes(self.removable)
        return both[0] if both[0] != ABSENT_BLOB else None, both[1] if both[1] != ABSENT_BLOB else None


class Copy(msgspec.Struct, frozen=True, tag="copy", tag_field="op"):
    """One CopyImageSet: of ``chosen`` instances by series (None: of all, which are of one series), into ``into``.

    ``new`` says that the call makes ``into``; otherwise it is a destination that exists by then. ``series`` is the
    series of what it makes, by which it is searched for when the answer was lost.
    """

    set: str
    into: str
    new: bool = False
    chosen: dict[str, list[str]] | None = None
    because: tuple[str, ...] = ()
    promote: bool = False
    frames: int = 0
    series: str = ""

    @property
    def copiable(self) -> dict[str, Json] | None:
        """``copiableAttributes`` of the call."""
        return None if self.chosen is None else copiable_of(self.chosen)


class Delete(msgspec.Struct, frozen=True, tag="delete", tag_field="op"):
    """One DeleteImageSet, of an image set that the unit itself made (others are deleted by ``finish`` alone)."""

    set: str


class Tag(msgspec.Struct, frozen=True, tag="tag", tag_field="op"):
    """One TagResource on an image set."""

    set: str
    tags: dict[str, str]


class Import(msgspec.Struct, frozen=True, tag="import", tag_field="op"):
    """One import job of the ``chosen`` instances of ``set`` at ``version``, rewritten by the unit's patch of that set.

    It makes ``into``, in the data store that ``store`` names as ``--store`` does ("": the plan's own). ``bucket``
    and ``role`` are what a store at AWS needs; others have their own.
    """

    set: str
    into: str
    version: str
    chosen: dict[str, list[str]]
    store: str = ""
    frames: int = 0
    bucket: str = ""
    role: str = ""

    @property
    def files(self) -> int:
        """How many instances are read and imported."""
        return sum(map(len, self.chosen.values()))


Step: TypeAlias = Update | Copy | Delete | Tag | Import

OPERATIONS: Final[Mapping[type, str]] = {
    Update: "UpdateImageSetMetadata",
    Copy: "CopyImageSet",
    Delete: "DeleteImageSet",
    Tag: "TagResource",
    Import: "StartDICOMImportJob",
}
"""The API operation of each step; also the name of the rate that it draws on."""


class Patch(msgspec.Struct, frozen=True):
    """The reviewable changes of one image set, with their reasons.

    ``operations`` are JSON; msgspec, which reads them, cannot be told so by the recursive type.
    """

    set: str
    whys: tuple[Why, ...]
    operations: tuple[Mapping[str, object], ...]

    @property
    def patch(self) -> tuple[Mapping[str, Json], ...]:
        """The RFC 6902 patch."""
        return cast("tuple[Mapping[str, Json], ...]", self.operations)

    def changes(self) -> Iterator[Change]:
        """Yield the changes, with values before and after."""
        return changes_of(self.patch, self.whys)


class Unit(msgspec.Struct, frozen=True):
    """One thing to be done, or nothing of it.

    ``made`` are the predicted content hashes of image sets that the unit makes and leaves behind, by name.
    ``emptied`` are sets that `finish` may delete afterwards, for everything in them is elsewhere. ``losses`` say
    in words what forcing a copy gives up. ``least_bytes`` is what the updates weigh at least.
    """

    number: int
    kind: Kind
    title: str
    members: tuple[Member, ...]
    steps: tuple[Step, ...] = ()
    patches: tuple[Patch, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    made: dict[str, str] = {}
    emptied: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()
    changes: int = 0
    least_bytes: int = 0
    series: tuple[str, ...] = ()
    frame_bytes: int = 0
    reimported: int = 0  # instances that go out and come in as files
    routes: tuple[tuple[str, str, int], ...] = ()  # route, SOP class, instances
    cleared: tuple[tuple[str, str, int], ...] = ()  # by whom, when: instances at pixel risk that go along

    @property
    def promotes(self) -> bool:
        """Whether a copy is to be made primary."""
        return any(isinstance(step, Copy) and step.promote for step in self.steps)

    def member(self, name: str) -> Member | None:
        """Return the pinned image set of this id."""
        return next((each for each in self.members if each.id == name), None)


def update_steps(name: str, calls: Sequence[Call]) -> Iterator[Update]:
    """Yield the steps that make these calls on one image set."""
    for call in calls:
        yield Update(
            name,
            msgspec.Raw(call.updatable or ABSENT_BLOB),
            msgspec.Raw(call.removable or ABSENT_BLOB),
            call.because,
        )


def patch_of(name: str, operations: Operations) -> Patch:
    """Return a set's operations as they stand in a plan."""
    return Patch(name, operations.whys, operations.patch)


def replay(
    steps: Sequence[Step],
    documents: Mapping[str, ImageSetMetadata],
    count: int | None = None,
    *,
    patches: Sequence[Patch] = (),
) -> dict[str, ImageSetMetadata]:
    """Return every image set's document after the first ``count`` steps, from the documents before them.

    ``patches`` are the unit's own: what an import makes of its source stands there, in the form of `as_imported`.

    It needs nothing but the plan and old versions, which the service keeps: so a campaign can tell, whenever it
    was interrupted, whether a version that it finds is the one its own call made.
    """
    state = dict(documents)
    for step in steps[:count]:
        match step:
            case Update():
                for name in (step.set, *step.also):
                    state[name] = after_update(state[name], *step.blobs)
            case Copy():
                destination = None if step.new else state[step.into]
                state[step.into] = after_copy(state[step.set], destination, step.chosen)
            case Delete():
                del state[step.set]
            case Import():
                patch = next(each for each in patches if each.set == step.set)
                state[step.into] = imported(state[step.set], patch.patch, step.chosen)
            case Tag():
                pass
    return state


def by_import(steps: Sequence[Step]) -> set[str]:
    """Return the names of the image sets that imported instances are in: compare them `as_imported`."""
    names: set[str] = set()
    for step in steps:
        if isinstance(step, Import) or (isinstance(step, Copy) and step.set in names):
            names.add(step.into)
    return names
