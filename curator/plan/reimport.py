"""A publication by import: instances read as files, rewritten from the de-identified document, imported as new sets.

What no update can change (a sequence larger than a call's payload, an instance of more frames than a copy takes)
is taken out as a file and brought in anew. It is also the only way into another data store.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Final

from curator.checks.tags import PUBLISHED_FROM
from curator.dicom import Json
from curator.findings import Change, Why
from curator.imageset import ElementPath, ImageSetMetadata, apply_patch, content_hash
from curator.imageset.path import escape
from curator.plan.chunks import FRAMES_A_COPY, chunks
from curator.plan.importing import as_imported, imported, of_instances
from curator.plan.leftout import LeftOut
from curator.plan.merging import Party, frame_bytes
from curator.plan.model import after_copy
from curator.plan.operations import operations_of
from curator.plan.settling import settle
from curator.plan.units import Copy, Delete, Import, Kind, Member, Patch, Role, Step, Tag, Unit
from curator.printable import plural

FILES_A_JOB: Final = 5_000
"""Files of one import job (guide, "Service quotas")."""
BYTES_A_JOB: Final = 8_000_000_000
"""Room for the frames of one import job: 10 GB in the guide, less what is not frames."""

_UTF_8 = Why(
    "reimport",
    "the file is written in UTF-8",
    (("PS3.5", "6.1.2.3"), ("said", "once, at the root of the data set")),
)
_CHARACTER_SET: Final = "SpecificCharacterSet"


class Route(StrEnum):
    """How an instance is published."""

    AUTO = "auto"  # decided for each instance by what is possible
    UPDATE = "update"  # copy, update, copy
    REIMPORT = "reimport"  # read, rewrite, import


def plan_reimport(
    party: Party, changes: Iterable[Change], sops: Collection[str], *, number: int = 0, store: str = "",
    bucket: str = "", role: str = "",
) -> Unit:  # fmt: skip
    """Plan the import of the instances ``sops`` with ``changes``, into ``store`` (as ``--store`` names it; "" the same).

    Every series becomes an image set; jobs of one series that is larger than a job may be stay apart, and the plan
    says so. Raises `Conflict` when rules contradict each other.
    """
    chosen = chosen_of(party.doc, sops)
    patch, left, count = _patch(party, changes, chosen)
    steps: list[Step] = []
    made: dict[str, str] = {}
    losses: list[str] = []
    for uid, listed in chosen.items():
        parts = list(_jobs(party.doc, uid, listed))
        for part in parts:
            name = f"${len(made) + 1}"
            step = _step(party, name, {uid: part}, store, bucket, role)
            steps.append(step)
            if not store:
                steps.append(Tag(name, {PUBLISHED_FROM: f"{party.id}/{party.version}"}))
            made[name] = content_hash(imported(party.doc, patch.patch, step.chosen))
        if len(parts) > 1:
            losses.append(
                f"a series stays in {len(parts)} image sets: one import job takes {FILES_A_JOB:,} files"
            )
    return Unit(
        number,
        Kind.PUBLISH,
        f"publish {party.id}",
        (_source(party),),
        tuple(steps),
        (patch,),
        left,
        made=made,
        losses=tuple(losses),
        changes=count,
        series=tuple(party.doc.series),
        frame_bytes=frame_bytes(party.doc, chosen),
        reimported=len(sops),
    )


def sketch_reimport(party: Party, sops: Collection[str], *, store: str = "") -> Unit:
    """Return the unit that `plan_reimport` would make, without changes and predictions: enough to tell its cost."""
    steps: list[Step] = []
    chosen = chosen_of(party.doc, sops)
    for uid, listed in chosen.items():
        for part in _jobs(party.doc, uid, listed):
            steps.append(_step(party, "$1", {uid: part}, store, "", ""))
            steps += [] if store else [Tag("$1", {PUBLISHED_FROM: ""})]
    size = frame_bytes(party.doc, chosen)
    return Unit(0, Kind.PUBLISH, "", (), tuple(steps), frame_bytes=size)


def without_payload(doc: ImageSetMetadata, changes: Iterable[Change]) -> ImageSetMetadata:
    """Return what ``changes`` make of the document where no call's payload bounds them."""
    settled = settle(doc, changes)
    return apply_patch(doc, operations_of(doc, settled.levels, settled.removed, settled.rekeyed).patch)


def with_reimports(
    unit: Unit, party: Party, changes: Iterable[Change], sops: Collection[str], *, bucket: str = "", role: str = ""
) -> Unit:  # fmt: skip
    """Return a publication by updates (``$1`` → ``$2``) that the instances ``sops`` join by import.

    They are copied into the published set where copies can carry them; otherwise they stay image sets of the same
    series beside it.
    """
    chosen = chosen_of(party.doc, sops)
    patch, left, _ = _patch(party, changes, chosen)
    updated = unit.patches[0]
    own = list(_shifted(of_instances(patch.patch, chosen, levels=False), len(updated.whys)))
    joined = Patch(party.id, (*updated.whys, *patch.whys), (*own, *updated.patch))
    steps = list(unit.steps)
    made, losses = dict(unit.made), list(unit.losses)
    published = [sop for _, sop, _ in party.doc.instances() if sop not in sops]
    result = _published(unit, party, joined)
    number = 3
    for uid, listed in chosen.items():
        present = party.doc.series[uid].instances.keys() & set(published)
        for part in _jobs(party.doc, uid, listed):
            name, number = f"${number}", number + 1
            step = _step(party, name, {uid: part}, "", bucket, role)
            new = imported(party.doc, joined.patch, step.chosen)
            steps += [step, Tag(name, {PUBLISHED_FROM: f"{party.id}/{party.version}"})]
            fits = all(len(party.doc.series[uid].instances[sop].frames) <= FRAMES_A_COPY for sop in part)
            if present and fits:
                everything = {found: list(node.instances) for found, node in new.series.items()}
                for each in chunks(new, everything):
                    whole = None if sum(map(len, each.values())) == new.instance_count else each
                    frames = sum(len(new.series[u].instances[s].frames) for u, ss in each.items() for s in ss)
                    steps.append(Copy(name, "$2", chosen=whole, frames=frames, series=next(iter(each))))
                result = after_copy(new, result, None)
                made["$2"] = content_hash(as_imported(result))
                steps.append(Delete(name))
            else:
                made[name] = content_hash(new)
                why = (
                    "an instance has more frames than a copy takes" if not fits else "their series is another"
                )
                losses.append(
                    f"{plural(len(part), 'reimported instance stays', 'reimported instances stay')} an image set of their own: {why}"
                )
    import msgspec

    return msgspec.structs.replace(
        unit,
        steps=tuple(steps),
        patches=(joined,),
        left_out=(*unit.left_out, *left),
        made=made,
        losses=tuple(losses),
        changes=unit.changes + sum("why" in operation for operation in own),
        frame_bytes=unit.frame_bytes + frame_bytes(party.doc, chosen),
        reimported=len(sops),
    )


def _published(unit: Unit, party: Party, patch: Patch) -> ImageSetMetadata:
    from curator.plan.units import replay

    return replay(unit.steps, {party.id: party.doc}, patches=(patch,))["$2"]


def chosen_of(doc: ImageSetMetadata, sops: Collection[str]) -> dict[str, list[str]]:
    """Return the instances by series, in the document's order."""
    chosen: dict[str, list[str]] = {}
    for uid, sop, _ in doc.instances():
        if sop in sops:
            chosen.setdefault(uid, []).append(sop)
    return chosen


def _jobs(doc: ImageSetMetadata, uid: str, sops: Sequence[str]) -> Iterator[list[str]]:
    """Yield the instances of a series in parts that one import job takes."""
    part: list[str] = []
    size = 0
    for sop in sops:
        frames = doc.series[uid].instances[sop].frames
        bytes_ = sum(found for frame in frames if isinstance(found := frame.get("FrameSizeInBytes"), int))
        if part and (len(part) == FILES_A_JOB or size + bytes_ > BYTES_A_JOB):
            yield part
            part, size = [], 0
        part.append(sop)
        size += bytes_
    if part:
        yield part


def _step(
    party: Party, name: str, chosen: dict[str, list[str]], store: str, bucket: str, role: str
) -> Import:
    instances = [party.doc.series[uid].instances[sop] for uid, sops in chosen.items() for sop in sops]
    return Import(
        party.id,
        name,
        party.version,
        chosen,
        store,
        frames=sum(len(each.frames) for each in instances),
        bucket=bucket,
        role=role,
    )


def _patch(
    party: Party, changes: Iterable[Change], chosen: Mapping[str, Sequence[str]]
) -> tuple[Patch, tuple[LeftOut, ...], int]:
    """Return the whole patch of the chosen instances and the levels above; an import knows no payload."""
    from curator.plan.leftout import tally

    copied = after_copy(party.doc, None, chosen)
    settled = settle(copied, (change for change in changes if _concerns(change.path, chosen)))
    first = operations_of(copied, settled.levels, settled.removed, [])
    # Under the old UIDs: what moves series and instances comes last.
    more = list(_in_utf_8(apply_patch(copied, first.patch), len(first.whys)))
    last = operations_of(copied, [], [], settled.rekeyed)
    whys = (*first.whys, _UTF_8, *last.whys)
    patch = Patch(party.id, whys, (*first.patch, *more, *_shifted(last.patch, len(first.whys) + 1)))
    return patch, tally(settled.left), sum("why" in operation for operation in patch.patch)


def _concerns(path: ElementPath, chosen: Mapping[str, Sequence[str]]) -> bool:
    if path.instance:
        return path.series not in chosen or path.instance in chosen[path.series]
    return not path.series or path.series in chosen


def _in_utf_8(doc: ImageSetMetadata, why: int) -> Iterator[Mapping[str, Json]]:
    """Yield the operations that say the file's character set at the root, and nowhere else."""
    for uid, sop, instance in doc.instances():
        base = f"/Study/Series/{escape(uid)}/Instances/{escape(sop)}/DICOM"
        said: dict[str, Json] = {"why": why, "vr": "CS", "safety": "safe"}
        before = instance.dicom.get(_CHARACTER_SET)
        if before != ["ISO_IR 192"]:
            op = "replace" if _CHARACTER_SET in instance.dicom else "add"
            if op == "replace":
                yield {"op": "test", "path": f"{base}/{_CHARACTER_SET}", "value": before}
            yield {"op": op, "path": f"{base}/{_CHARACTER_SET}", "value": ["ISO_IR 192"], **said}
        for pointer, value in _nested(dict(instance.dicom), base):
            yield {"op": "test", "path": pointer, "value": value}
            yield {"op": "remove", "path": pointer, **said}
    for base, level in (("/Patient/DICOM", doc.patient), ("/Study/DICOM", doc.study)):
        yield from _nested_gone(base, level, why)
    for uid, series in doc.series.items():
        yield from _nested_gone(f"/Study/Series/{escape(uid)}/DICOM", series.dicom, why)


def _nested_gone(base: str, level: Mapping[str, Json], why: int) -> Iterator[Mapping[str, Json]]:
    for pointer, value in _nested(level, base):
        yield {"op": "test", "path": pointer, "value": value}
        yield {"op": "remove", "path": pointer, "why": why, "vr": "CS", "safety": "safe"}


def _nested(node: Mapping[str, Json], base: str) -> Iterator[tuple[str, Json]]:
    """Yield the character sets that sequences' items state."""
    for key, value in node.items():
        if isinstance(value, list):
            for index, item in enumerate(value):
                if isinstance(item, dict):
                    place = f"{base}/{escape(key)}/{index}"
                    if _CHARACTER_SET in item:
                        yield f"{place}/{_CHARACTER_SET}", item[_CHARACTER_SET]
                    yield from _nested(item, place)


def _shifted(patch: Iterable[Mapping[str, Json]], by: int) -> Iterator[Mapping[str, Json]]:
    for operation in patch:
        why = operation.get("why")
        yield {**operation, "why": why + by} if isinstance(why, int) else operation


def _source(party: Party) -> Member:
    content = content_hash(party.doc)
    return Member(
        party.id, party.version, content, content, Role.SOURCE, party.primary, 0, party.doc.instance_count
    )
