"""Packs what is to be written and removed into as few UpdateImageSetMetadata calls as the payload quota allows.

The number of calls is the cost (0.25 a second), so calls are filled to the brim: many instances in one, and the
instance on the border is split over two. What is counted is the JSON text itself, to the byte.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, TypeAlias

import msgspec

from curator.dicom.levels import Level
from curator.imageset import ElementPath
from curator.plan.model import SCHEMA_VERSION

MODEL_LIMIT: Final = 30_000
"""The most bytes that the service model allows one blob (botocore: DicomUpdates members)."""

_HEAD: Final = msgspec.json.encode({"SchemaVersion": SCHEMA_VERSION})
_EMPTY: Final = b"{}"
_NOTHING: Final[dict[str, object]] = {}
ROOM: Final = 400
"""More than the longest address of an element: two UIDs of 64 and the names around them."""

Containers: TypeAlias = tuple[str, ...]
"""The keys from a blob's root to the object that holds an atom."""


@dataclass(frozen=True, slots=True)
class Payload:
    """How much one call may carry: ``limit`` raw bytes over both blobs, ``blob`` bytes in each.

    assumption: the quota of 10 KB ("Maximum payload size of metadata updates") counts the raw JSON of both blobs
    together, the strictest reading; an account whose quota is raised says so.
    """

    limit: int = 10_000
    blob: int = MODEL_LIMIT


class Atom(msgspec.Struct, frozen=True, gc=False):
    """The smallest thing that a call carries: one element of one level, or one instance or series to remove.

    ``value`` is JSON text. ``vr`` travels in ``DICOMVRs`` (new private elements). ``force`` says why the call
    needs the flag, "" if it does not. ``follows`` is true for the removal of a value that an earlier call put
    there: it must come in a later call.
    """

    place: ElementPath
    key: str
    value: bytes
    removes: bool = False
    vr: str = ""
    force: str = ""
    follows: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """One UpdateImageSetMetadata: its two JSON blobs, and why it needs ``force`` (empty: it does not)."""

    updatable: bytes | None = field(repr=False)
    removable: bytes | None = field(repr=False)
    because: tuple[str, ...] = ()

    @property
    def force(self) -> bool:
        """Whether the service must be told to skip its own checks."""
        return bool(self.because)

    @property
    def size(self) -> int:
        """Raw bytes of both blobs."""
        return len(self.updatable or b"") + len(self.removable or b"")


class _Blob:
    """A blob that grows, and knows its length without being written."""

    def __init__(self) -> None:
        self.size = 0
        self.tree: dict[str, object] = {}
        self._known: dict[Containers, dict[str, object]] = {}
        self.last: Containers | None = None
        """Where the last member went: most of them go where the one before went."""
        self._node: dict[str, object] = {}

    def cost(self, containers: Containers, leaf: int) -> int:
        """Return by how many bytes the blob grows with a member of ``leaf`` bytes, its comma included."""
        known = self._known
        if containers is self.last or containers in known:
            return leaf
        size = leaf if self.tree else leaf + len(_HEAD)
        depth = len(containers)
        while depth and containers[:depth] not in known:
            depth -= 1
            size += len(msgspec.json.encode(containers[depth])) + 3  # "name":{}
        return size

    def add(self, containers: Containers, key: str, value: bytes, cost: int) -> None:
        """Put the member in; ``cost`` is what `cost` said of it."""
        self.size += cost
        if containers is not self.last:
            self._node = self._open(containers)
            self.last = containers
        self._node[key] = msgspec.Raw(value)

    def count(self, containers: Containers, cost: int) -> None:
        """Count a member that is not put in."""
        self.size += cost
        if containers is not self.last:
            self._node = self._open(containers)
            self.last = containers

    def holds(self, containers: Containers, key: str) -> bool:
        """Say whether the member is in already."""
        return key in self._known.get(containers, _NOTHING)

    def _open(self, containers: Containers) -> dict[str, object]:
        found = self._known.get(containers)
        if found is not None:
            return found
        if not self.tree:
            self.tree["SchemaVersion"] = SCHEMA_VERSION
        node = self.tree
        for depth, name in enumerate(containers, 1):
            inner = self._known.get(containers[:depth])
            if inner is None:
                inner = {}
                node[name] = inner
                self._known[containers[:depth]] = inner
            node = inner
        return node

    def encode(self) -> bytes | None:
        """Return the blob's JSON, None when nothing is in it."""
        return msgspec.json.encode(self.tree) if self.tree else None


@lru_cache(maxsize=256)
def containers_of(place: ElementPath) -> Containers:
    """Return the keys that lead to the object of a level in an update's JSON."""
    match place.level:
        case Level.PATIENT:
            return ("Patient",)
        case Level.STUDY:
            return ("Study",)
        case Level.SERIES:
            return ("Study", "Series", place.series)
        case Level.INSTANCE:
            return ("Study", "Series", place.series, "Instances", place.instance)


@lru_cache(maxsize=256)
def _elements_of(place: ElementPath) -> Containers:
    return (*containers_of(place), "DICOM")


Member: TypeAlias = tuple[Containers, str, bytes, int]
"""Where a member goes, its key, its JSON, and its bytes with key, colon and comma."""


def _members(atom: Atom) -> tuple[Member, ...]:
    if not atom.key:
        place = containers_of(atom.place)
        return ((place[:-1], place[-1], _EMPTY, len(place[-1]) + 6),)
    leaf = len(atom.key) + len(atom.value) + 4  # "key":value,
    first = _elements_of(atom.place), atom.key, atom.value, leaf
    if not atom.vr:
        return (first,)
    vr = msgspec.json.encode(atom.vr)
    return first, ((*containers_of(atom.place), "DICOMVRs"), atom.key, vr, len(atom.key) + len(vr) + 4)


class _Packer:
    """Fills one call after the other, in order."""

    def __init__(self, payload: Payload) -> None:
        self.payload = payload
        self.calls: list[Call] = []
        self._place: ElementPath | None = None
        self._containers: Containers = ()
        self._open()

    def _open(self) -> None:
        self.update, self.remove = _Blob(), _Blob()
        self.because: dict[str, None] = {}

    def add(self, atom: Atom) -> None:
        if atom.place is not self._place:
            self._place, self._containers = atom.place, _elements_of(atom.place)
        containers = self._containers
        if atom.follows and self.update.holds(containers, atom.key):
            self.close()
        if not atom.key or atom.vr:
            self._add_members(atom)
        else:  # what nearly all atoms are: one member
            payload = self.payload
            leaf = len(atom.key) + len(atom.value) + 4  # "key":value,
            blob = self.remove if atom.removes else self.update
            cost = leaf if containers is blob.last else blob.cost(containers, leaf)
            if self.update.size + self.remove.size + cost > payload.limit or blob.size + cost > payload.blob:
                self.close()
                blob = self.remove if atom.removes else self.update
                cost = blob.cost(containers, leaf)
            blob.add(containers, atom.key, atom.value, cost)
        if atom.force:
            self.because[atom.force] = None

    def _add_members(self, atom: Atom) -> None:
        members = _members(atom)
        blob = self.remove if atom.removes else self.update
        costs = self._costs(blob, members)
        if costs is None:
            self.close()
            blob = self.remove if atom.removes else self.update
            costs = [blob.cost(each[0], each[3]) for each in members]
        for (containers, key, value, leaf), cost in zip(members, costs, strict=True):
            # The second member (DICOMVRs) finds the containers that the first one made.
            blob.add(containers, key, value, cost if len(members) == 1 else blob.cost(containers, leaf))

    def _costs(self, blob: _Blob, members: tuple[Member, ...]) -> list[int] | None:
        """Return what the members cost in this call, None when they do not fit; never too little."""
        costs = [blob.cost(containers, leaf) for containers, _, _, leaf in members]
        size = sum(costs)
        if (
            blob.size + size > self.payload.blob
            or self.update.size + self.remove.size + size > self.payload.limit
        ):
            return None
        return costs

    def close(self) -> None:
        updatable, removable = self.update.encode(), self.remove.encode()
        if updatable is not None or removable is not None:
            self.calls.append(Call(updatable, removable, tuple(sorted(self.because))))
        self._open()


def pack(atoms: Iterable[Atom], payload: Payload) -> list[Call]:
    """Return the calls that carry ``atoms`` in this order; each atom must fit a call of its own (`alone`)."""
    packer = _Packer(payload)
    for atom in atoms:
        packer.add(atom)
    packer.close()
    return packer.calls


def alone(atom: Atom) -> int:
    """Return the bytes of a call that carries nothing but ``atom``."""
    return stream_bytes([atom])


def fits(atom: Atom, payload: Payload) -> bool:
    """Say whether any call can carry the atom at all."""
    limit = min(payload.limit, payload.blob)
    return len(atom.value) + ROOM < limit or alone(atom) <= limit


def stream_bytes(atoms: Sequence[Atom]) -> int:
    """Return the bytes of all ``atoms`` in one endless call: what no packing can be smaller than."""
    update, remove = _Blob(), _Blob()
    place: ElementPath | None = None
    removes, size = False, 0
    for atom in atoms:
        if atom.place is place and atom.removes is removes and not atom.vr and atom.key:
            size += len(atom.key) + len(atom.value) + 4
            continue
        blob = remove if atom.removes else update
        for containers, _, _, leaf in _members(atom):
            blob.count(containers, blob.cost(containers, leaf))
        # What follows on the same level costs what it is itself, once its containers are there.
        place, removes = (atom.place, atom.removes) if atom.key else (None, False)
    return update.size + remove.size + size
