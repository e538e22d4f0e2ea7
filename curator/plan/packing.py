"""Packs what is to be written and removed into as few UpdateImageSetMetadata calls as the payload quota allows.

The number of calls is the cost (0.25 a second), so calls are filled to the brim: many instances in one, and the
instance on the border is split over two. What is counted is the JSON text itself, to the byte.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final, NamedTuple

import msgspec

from curator.imageset import ElementPath
from curator.plan.blob import VRS, Blob

MODEL_LIMIT: Final = 30_000
"""The most bytes that the service model allows one blob (botocore: DicomUpdates members)."""

ROOM: Final = 400
"""More than the longest address of an element: two UIDs of 64 and the names around them."""


@dataclass(frozen=True, slots=True)
class Payload:
    """How much one call may carry: ``limit`` raw bytes over both blobs, ``blob`` bytes in each.

    assumption: the quota of 10 KB ("Maximum payload size of metadata updates") counts the raw JSON of both blobs
    together, the strictest reading; an account whose quota is raised says so.
    """

    limit: int = 10_000
    blob: int = MODEL_LIMIT


class Member(NamedTuple):
    """One element as a call says it, whichever level it is on: the same object wherever the same is said.

    ``text`` is the JSON member, key and value. ``vr`` is another one, for ``DICOMVRs`` (new private elements).
    ``force`` says why the call needs the flag, "" if it does not.
    """

    text: bytes
    vr: bytes = b""
    force: str = ""

    def __repr__(self) -> str:
        return f"Member({len(self.text)} bytes)"  # values stay out of tracebacks


def member(key: str, value: bytes, *, vr: str = "", force: str = "") -> Member:
    """Return the member that says ``key`` has the JSON ``value``."""
    said = b"%b:%b" % (msgspec.json.encode(key), msgspec.json.encode(vr)) if vr else b""
    return Member(b"%b:%b" % (msgspec.json.encode(key), value), said, force)


class Said(msgspec.Struct, frozen=True, gc=False):
    """Members in order, column by column; the same object for all levels that say the same.

    ``ends`` are the bytes of all texts up to each one and with it, with a comma each. ``vrs`` is empty where no member
    has a VR.
    """

    texts: Sequence[bytes]
    ends: Sequence[int]
    forces: Sequence[str]
    vrs: Sequence[bytes]

    def __repr__(self) -> str:
        return f"Said({len(self.texts)} members)"

    @classmethod
    def of(cls, members: Iterable[Member]) -> Said:
        """Return what ``members`` say."""
        texts, vrs, forces = zip(*members, strict=True)
        return cls(texts, [*accumulate([len(text) + 1 for text in texts])], forces, vrs if any(vrs) else ())

    @property
    def size(self) -> int:
        """Bytes of all texts, with a comma each."""
        return self.ends[-1]


class Run(msgspec.Struct, frozen=True, gc=False):
    """What one stream says of one level: members written or removed; None: the level itself is removed.

    ``follows`` are the texts of members that remove what an earlier call put there: they must come in a later call.
    """

    place: ElementPath
    said: Said | None
    removes: bool = False
    follows: frozenset[bytes] = frozenset()

    def __repr__(self) -> str:
        return f"Run({self.said!r})"  # UIDs stay out of tracebacks


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


class _Packer:
    """Fills one call after the other, in order."""

    def __init__(self, payload: Payload) -> None:
        self.payload = payload
        self.calls: list[Call] = []
        self._open()

    def _open(self) -> None:
        self.update, self.remove = Blob(), Blob()
        self.because: set[str] = set()

    def add(self, run: Run) -> None:
        said, place = run.said, run.place
        if said is None:
            self._add_level(place)
        elif said.vrs:
            for text, vr, force in zip(said.texts, said.vrs, said.forces, strict=True):
                self._add_with_vr(place, Member(text, vr, force))
        else:
            count, early = len(said.texts), self._early(run, said)
            if early is not None:
                # The call that has a stand-in cannot remove it, too; what comes before it may still fill that call.
                self._add_texts(place, said, 0, early, run.removes)
                if self.update.said_of(place):
                    self.close()
            self._add_texts(place, said, early or 0, count, run.removes)

    def _early(self, run: Run, said: Said) -> int | None:
        """Return the first member that must not come in the call at hand, None where all may."""
        there = self.update.said_of(run.place) if run.follows else ()
        if not there:
            return None
        return next((i for i, text in enumerate(said.texts) if text in run.follows and text in there), None)

    def _room(self, blob: Blob) -> int:
        return min(self.payload.limit - self.update.size - self.remove.size, self.payload.blob - blob.size)

    def _add_texts(self, place: ElementPath, said: Said, start: int, stop: int, removes: bool) -> None:
        """Put as many members in the call as fit, the others in the next ones."""
        ends = said.ends
        while start < stop:
            blob = self.remove if removes else self.update
            opening = blob.opening(place)
            before = ends[start - 1] if start else 0
            end = bisect_right(ends, before + self._room(blob) - opening, start, stop)
            if end == start:
                if self.update.size or self.remove.size:
                    self.close()
                    continue
                end += 1  # one that fits no call is for the caller to leave out
            blob.add(place, said.texts[start:end], opening + ends[end - 1] - before)
            self.because.update(said.forces[start:end])
            start = end

    def _add_level(self, place: ElementPath) -> None:
        cost = self.remove.cost_of_level(place)
        if cost > self._room(self.remove):
            self.close()
            cost = self.remove.cost_of_level(place)
        self.remove.add_level(place, cost)

    def _add_with_vr(self, place: ElementPath, each: Member) -> None:
        """Put an element and its VR in the same call; what both cost is never counted too low."""
        elements, vrs = self._costs_with_vr(place, each)
        if elements + vrs > self._room(self.update):
            self.close()
            elements, _ = self._costs_with_vr(place, each)
        self.update.add(place, [each.text], elements)
        if each.vr:
            _, vrs = self._costs_with_vr(place, each)  # in the objects that the element has opened
            self.update.add_vr(place, each.vr, vrs)
        self.because.add(each.force)

    def _costs_with_vr(self, place: ElementPath, each: Member) -> tuple[int, int]:
        vrs = self.update.opening(place, VRS) + len(each.vr) + 1 if each.vr else 0
        return self.update.opening(place) + len(each.text) + 1, vrs

    def close(self) -> None:
        updatable, removable = self.update.encode(), self.remove.encode()
        if updatable is not None or removable is not None:
            self.calls.append(Call(updatable, removable, tuple(sorted(self.because - {""}))))
        self._open()


def pack(runs: Iterable[Run], payload: Payload) -> list[Call]:
    """Return the calls that carry ``runs`` in this order; each member must fit a call of its own (`fits`)."""
    packer = _Packer(payload)
    for run in runs:
        packer.add(run)
    packer.close()
    return packer.calls


def fits(place: ElementPath, each: Member, payload: Payload) -> bool:
    """Say whether any call can carry the member at all."""
    limit = min(payload.limit, payload.blob)
    return fits_anywhere(each, payload) or stream_bytes([Run(place, Said.of((each,)))]) <= limit


def fits_anywhere(each: Member, payload: Payload) -> bool:
    """Say whether a call can carry the member whatever level it is on."""
    return len(each.text) + len(each.vr) + ROOM < min(payload.limit, payload.blob)


def stream_bytes(runs: Iterable[Run]) -> int:
    """Return the bytes of all ``runs`` in one endless call: what no packing can be smaller than."""
    update, remove = Blob(), Blob()
    for run in runs:
        blob, place, said = remove if run.removes else update, run.place, run.said
        if said is None:
            remove.add_level(place, remove.cost_of_level(place))
            continue
        blob.add(place, (), blob.opening(place) + said.size)
        for vr in filter(None, said.vrs):
            blob.add_vr(place, b"", blob.opening(place, VRS) + len(vr) + 1)
    return update.size + remove.size
