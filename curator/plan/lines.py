"""The plan file: JSON Lines that a person can review and a program can stream, a million changes long.

    {"plan": 1, …}                       format, tool, project, store, rules, options (`Header`)
    {"unit": {…}}                        one unit: its image sets, what is left out, losses (without the parts below)
    {"patch": {"unit": n, "set": …}}     its reviewable operations, at most `CHUNK` a line
    {"step": {"unit": n, …}}             its calls, in order, as they will be sent
    …
    {"end": {…}}                         totals (`Ending`), and SHA-256 of all the bytes before this line

A unit's lines follow it directly. The digest names the campaign; a file whose digest does not hold is refused.
Paths and values are PHI: the file is 0600.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import msgspec

from curator.errors import Refused, UsageError
from curator.findings import Why
from curator.plan.cost import Cost
from curator.plan.excluding import Excluded
from curator.plan.units import Patch, Step, Unit

FORMAT: Final = 1
CHUNK: Final = 2_000
"""Operations a line: no line grows with the image set."""


class Given(msgspec.Struct, frozen=True):
    """What a publication was planned with and its proof must know, whenever that is made. PHI, as all of a plan is.

    ``profile`` opens the profile, ``sha256`` is of its text. ``aliases`` as `curator.deid.people` reads them; ``cleared``
    are SOP Instance UIDs; ``decisions`` are (element, VR, value, word, replacement); ``safe_private`` are (group, creator,
    low byte) of private elements that lists beside the standard's call safe.
    """

    profile: str = ""
    sha256: str = ""
    aliases: dict[str, str] = {}
    cleared: tuple[str, ...] = ()
    decisions: tuple[tuple[str, str, str, str, str], ...] = ()
    safe_private: tuple[tuple[int, str, int], ...] = ()


class Header(msgspec.Struct, frozen=True):
    """A plan's first line. ``made`` is when, ISO 8601; ``rules`` name the rule files with their versions."""

    plan: int = 0
    tool: str = ""
    made: str = ""
    project: str = ""
    store: str = ""
    datastore: str = ""
    title: str = ""
    rules: tuple[str, ...] = ()
    options: dict[str, str] = {}
    given: Given | None = None
    excluded: tuple[Excluded, ...] = ()
    amends: str = ""  # the digest of the plan that this one is, but for what is excluded


class Ending(msgspec.Struct, frozen=True):
    """A plan's last line: totals, and the digest of everything before it."""

    cost: Cost
    sha256: str


class _PatchLine(msgspec.Struct, frozen=True):
    unit: int
    set: str
    patch: list[dict[str, object]]
    whys: tuple[Why, ...] = ()


class _StepLine(msgspec.Struct, frozen=True):
    unit: int
    step: Step


class _Skipped(msgspec.Struct, frozen=True):
    skipped: list[tuple[str, str]]


class _Line(msgspec.Struct, frozen=True, omit_defaults=True):
    unit: Unit | None = None
    patch: msgspec.Raw = msgspec.Raw()
    step: msgspec.Raw = msgspec.Raw()
    end: Ending | None = None


_HEADER: Final = msgspec.json.Decoder(Header)
_LINE: Final = msgspec.json.Decoder(_Line)
_PATCH: Final = msgspec.json.Decoder(_PatchLine)
_STEP: Final = msgspec.json.Decoder(_StepLine)
_SKIPPED: Final = msgspec.json.Decoder(_Skipped)
_ENCODER: Final = msgspec.json.Encoder()


def lines_of(unit: Unit) -> Iterator[bytes]:
    """Yield a unit's lines, with their ends."""
    bare = msgspec.structs.replace(unit, steps=(), patches=())
    yield _ENCODER.encode({"unit": bare}) + b"\n"
    for patch in unit.patches:
        for start in range(0, max(1, len(patch.patch)), CHUNK):
            whys = patch.whys if start == 0 else ()
            part = {
                "unit": unit.number,
                "set": patch.set,
                "patch": patch.patch[start : start + CHUNK],
                "whys": whys,
            }
            yield _ENCODER.encode({"patch": part}) + b"\n"
    for step in unit.steps:
        yield _ENCODER.encode({"step": _StepLine(unit.number, step)}) + b"\n"


def write_lines(
    header: Header, units: Iterable[Unit], skipped: Callable[[], Iterable[tuple[str, str]]] = tuple
) -> Iterator[bytes]:
    """Yield all lines of a plan, in bounded memory.

    ``skipped`` is asked once the units are through: image sets that the plan leaves alone, each with the reason.
    """
    digest = hashlib.sha256()
    cost = Cost()
    first = _ENCODER.encode(msgspec.structs.replace(header, plan=FORMAT)) + b"\n"
    digest.update(first)
    yield first
    seen: set[str] = set()
    for unit in units:
        cost.add(unit)
        if not seen.isdisjoint(member.id for member in unit.members):
            raise Refused(
                f"Image set {next(each.id for each in unit.members if each.id in seen)} is in two units of one plan.",
                hint="units are carried out beside each other; make a second plan from the first one's result",
            )
        seen.update(member.id for member in unit.members)
        for line in lines_of(unit):
            digest.update(line)
            yield line
    alone = list(skipped())
    for start in range(0, len(alone), CHUNK):
        line = _ENCODER.encode(_Skipped(alone[start : start + CHUNK])) + b"\n"
        digest.update(line)
        yield line
    yield _ENCODER.encode({"end": Ending(cost, digest.hexdigest())}) + b"\n"


def read_header(line: bytes) -> Header:
    """Read a plan's first line; `UsageError` when it is none, or of a format to come."""
    try:
        header = _HEADER.decode(line)
    except msgspec.DecodeError as error:
        raise UsageError(
            "This is not a plan file.", hint="plans are made by `curator plan … -o FILE`"
        ) from error
    if header.plan != FORMAT:
        raise UsageError(f"The plan's format is {header.plan}; this version of curator reads {FORMAT}.")
    return header


def check_digest(lines: Iterable[bytes]) -> Ending:
    """Read a whole plan once and return its last line; `Refused` when it was changed or cut after it was made."""
    digest = hashlib.sha256()
    previous: bytes | None = None
    for line in lines:
        if previous is not None:
            digest.update(previous)
        previous = line
    ending = _ending(previous or b"")
    if ending is None:
        raise Refused("The plan file ends too early: its last line is missing.", hint="make the plan again")
    if ending.sha256 != digest.hexdigest():
        raise Refused(
            "The plan file was changed after it was made: its digest does not hold.",
            hint="a plan is applied as it was reviewed, or made again; nothing was done",
        )
    return ending


def _ending(line: bytes) -> Ending | None:
    if not line.endswith(b"\n"):
        return None
    try:
        return _LINE.decode(line).end
    except msgspec.DecodeError:
        return None


def read_units(lines: Iterable[bytes]) -> Iterator[Unit]:
    """Yield the units of a plan whose digest was checked, from its lines after the first; one unit in memory."""
    bare: Unit | None = None
    patches: list[_PatchLine] = []
    steps: list[Step] = []
    for line in lines:
        read = _LINE.decode(line)
        if bytes(read.step):
            steps.append(_STEP.decode(read.step).step)
        elif bytes(read.patch):
            part = _PATCH.decode(read.patch)
            if patches and patches[-1].set == part.set and not part.whys:
                patches[-1].patch.extend(part.patch)
            else:  # reasons begin a patch: an image set may have several, each with reasons of its own
                patches.append(part)
        else:
            if bare is not None:
                yield _whole(bare, patches, steps)
            bare, patches, steps = read.unit, [], []
    if bare is not None:
        yield _whole(bare, patches, steps)


class Outlined(msgspec.Struct, frozen=True):
    """A unit without its patches and steps: how many calls it makes, and at which byte of the plan it begins."""

    unit: Unit
    calls: int
    offset: int


def read_outline(lines: Iterable[bytes], offset: int) -> Iterator[Outlined]:
    """Yield the units without their parts, which are not even decoded; ``offset`` is where the first line begins."""
    bare: Unit | None = None
    calls = begins = 0
    for line in lines:
        if line.startswith(b'{"unit"'):
            if bare is not None:
                yield Outlined(bare, calls, begins)
            bare, calls, begins = _LINE.decode(line).unit, 0, offset
        elif line.startswith(b'{"step"'):
            calls += 1
        offset += len(line)
    if bare is not None:
        yield Outlined(bare, calls, begins)


def read_skipped(lines: Iterable[bytes]) -> Iterator[tuple[str, str]]:
    """Yield (image set, why) of what a plan leaves alone, from any of its lines."""
    for line in lines:
        if line.startswith(b'{"skipped"'):
            yield from _SKIPPED.decode(line).skipped


def _whole(bare: Unit, patches: list[_PatchLine], steps: list[Step]) -> Unit:
    listed = tuple(Patch(each.set, each.whys, tuple(each.patch)) for each in patches)
    return msgspec.structs.replace(bare, steps=tuple(steps), patches=listed)
