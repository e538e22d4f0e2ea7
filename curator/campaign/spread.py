"""What is done on a cluster: the catalogue's reads, checks of documents, planning by rules, proofs.

Each function takes the place of one that works here, with the same results in the same order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from hmac import compare_digest
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import msgspec

from curator.campaign.cluster import Access, Cluster, door
from curator.errors import UsageError
from curator.findings import Finding, Safety
from curator.imageset import ImageSetMetadata
from curator.plan.lines import Header, lines_of, read_units
from curator.plan.packing import Payload
from curator.plan.units import Unit
from curator.project import Project

if TYPE_CHECKING:
    from curator.campaign.journal import Campaign, UnitState
    from curator.campaign.planning import Planning
    from curator.campaign.verifying import Proof
    from curator.catalogue import Catalogue, Row, Where
    from curator.catalogue.refresh import Got, Task
    from curator.checks.view import SetFacts, View
    from curator.deid.keyed import Mac
    from curator.rulefile import RuleFile

SETS: Final = 32
BYTES: Final = 8_000_000
"""How many image sets, and how many bytes of their documents, are a batch."""
READERS: Final = 8
"""Calls that one worker has in flight: reading waits for answers."""

T = TypeVar("T")


def batches_of(groups: Iterable[tuple[list[T], int]]) -> Iterator[list[T]]:
    """Join groups (their items, their bytes) to batches; a group is never divided."""
    batch: list[T] = []
    size = 0
    for items, weight in groups:
        if batch and (len(batch) + len(items) > SETS or size + weight > BYTES):
            yield batch
            batch, size = [], 0
        batch += items
        size += weight
    if batch:
        yield batch


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────────


def reader(cluster: Cluster) -> Callable[[Iterable[Task]], Iterator[Got]]:
    """Return what fetches for `Catalogue.refresh`."""

    def fetch(tasks: Iterable[Task]) -> Iterator[Got]:
        batches = ((cluster.access, batch) for batch in batches_of(([task], 0) for task in tasks))
        for found in cluster.map(_read, batches):
            yield from found

    return fetch


def _read(given: tuple[Access, list[Task]]) -> list[Got]:
    from curator.catalogue.refresh import fetch_one

    access, tasks = given
    imaging = door(access)
    with ThreadPoolExecutor(READERS) as pool:
        return list(pool.map(lambda task: fetch_one(imaging, task), tasks))


# ── checking ─────────────────────────────────────────────────────────────────────────────────────────────


def examiner(
    cluster: Cluster, catalogue: Catalogue
) -> Callable[[View, Sequence[SetFacts], str, frozenset[str], Sequence[str]], Iterator[list[Finding]]]:
    """Return what examines documents for `curator.checks.run`: the findings of each image set."""

    def examine(
        view: View, sets: Sequence[SetFacts], today: str, torn: frozenset[str], codes: Sequence[str]
    ) -> Iterator[list[Finding]]:
        weighed = (
            ([pair], len(pair[1] or b"")) for pair in ((each, kept_text(catalogue, each.id)) for each in sets)
        )
        batches = (
            (batch, today, torn & {each.id for each, _ in batch}, tuple(codes))
            for batch in batches_of(weighed)
        )
        for found in cluster.map(_examine, batches):
            yield from found

    return examine


def _examine(
    given: tuple[list[tuple[SetFacts, bytes | None]], str, frozenset[str], tuple[str, ...]],
) -> list[list[Finding]]:
    from curator.checks import checks, examined
    from curator.checks.check import DocumentCheck

    batch, today, torn, codes = given
    chosen = [check for check in checks() if check.code in codes and isinstance(check, DocumentCheck)]
    documents = ((facts, None if text is None else ImageSetMetadata.parse(text)) for facts, text in batch)
    return [list(findings) for findings in examined(chosen, documents, today, torn)]


def kept_text(catalogue: Catalogue, image_set: str, version: int | None = None) -> bytes | None:
    """Return a document of the catalogue as it is kept, by default the newest read."""
    shelf = catalogue.shelf
    if version is None:
        version = shelf.one("SELECT read_version FROM image_set WHERE id=?", (image_set,))
    return None if version is None else shelf.document(image_set, version)


# ── planning ─────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Shipped:
    """Image sets of whole studies with their documents, to be planned for as if they were the catalogue."""

    listed: list[Row]
    texts: dict[str, bytes] = field(repr=False)

    def rows(self, where: Where | None = None, sort: str | None = None) -> list[Row]:
        """Return all rows, as `Catalogue.rows` does by id."""
        return sorted(self.listed, key=lambda row: row.id)

    def document(self, image_set: str, version: object = None) -> ImageSetMetadata | None:
        """Return a document, of the one version that came along."""
        text = self.texts.get(image_set)
        return None if text is None else ImageSetMetadata.parse(text)


def plan_rules_on(
    cluster: Cluster,
    catalogue: Catalogue,
    files: Sequence[RuleFile],
    rows: Sequence[Row],
    planning: Planning,
) -> Iterator[Unit]:
    """Yield what `curator.campaign.planning.plan_rules` yields, planned by workers study by study."""
    from curator.campaign.planning import in_studies, matching_of
    from curator.deid.words import keyed_rule

    matching = matching_of(catalogue, files)
    asked = {row.id for row in rows}
    needed = planning.keyed is not None and any(map(keyed_rule, files))
    key = KeyThere.of(cluster.project) if needed else None
    # A study's primary image sets are changed together, also with those that were not asked for.
    others = [
        row for row in catalogue.rows(sort="id") if row.primary and row.study_uid and row.id not in asked
    ]
    beside: dict[str, list[Row]] = {}
    for row in others:
        beside.setdefault(row.study_uid, []).append(row)

    def studies() -> Iterator[tuple[list[Row], int]]:
        for uid, group in groupby(in_studies(rows), key=lambda row: row.study_uid):
            members = list(group)
            if uid:
                yield members, sum(row.size for row in members)
            else:
                yield from (([row], row.size) for row in members)

    def batches() -> Iterator[tuple[Any, ...]]:
        for batch in batches_of(studies()):
            listed = batch + [
                row for uid in dict.fromkeys(row.study_uid for row in batch) for row in beside.get(uid, ())
            ]
            texts = {
                row.id: text
                for row in listed
                if row.read and (text := kept_text(catalogue, row.id, row.version))
            }
            inside = set(texts) | {row.id for row in listed}
            narrowed = [None if ids is None else ids & inside for ids in matching]
            options = (planning.payload, planning.allow, planning.copies_of_primary, key)
            yield tuple(files), batch, Shipped(listed, texts), narrowed, options

    number = done = 0
    for text, count, found, skipped, studies_done in cluster.map(_plan, batches()):
        for unit in read_units(text.splitlines(keepends=True)):
            yield msgspec.structs.replace(unit, number=number)
            number += 1
        for code, times in found.items():
            planning.findings[code] = planning.findings.get(code, 0) + times
        planning.skipped += skipped
        planning.studies_done |= studies_done
        done += count
        planning.progress(done, len(rows))


def _plan(
    given: tuple[
        tuple[RuleFile, ...],
        list[Row],
        Shipped,
        list[set[str] | None],
        tuple[Payload, frozenset[Safety], bool, KeyThere | None],
    ],
) -> tuple[bytes, int, dict[str, int], list[tuple[str, str]], set[str]]:
    from curator.campaign.planning import Planning, plan_rules

    files, rows, shipped, matching, (payload, allow, copies, key) = given
    planning = Planning(payload, allow, copies_of_primary=copies, keyed=None if key is None else key.keyed)
    catalogue = cast("Catalogue", shipped)
    units = plan_rules(catalogue, files, rows, planning, matching=matching)
    text = b"".join(line for unit in units for line in lines_of(unit))
    return text, len(rows), planning.findings, planning.skipped, planning.studies_done


@dataclass(frozen=True, slots=True)
class KeyThere:
    """The project's key as workers use it: it does not travel, only where it lies and by what it is known again."""

    root: Path
    mark: bytes = field(repr=False)

    @classmethod
    def of(cls, project: Path) -> KeyThere:
        """Return it for a project here, whose key is made where it was never needed."""
        return cls(project, Project(project).hmac(_MARKED, b""))

    def keyed(self, domain: str) -> Mac:
        """Return what `Project.keyed` returns here; `UsageError` where there is no key or another one."""
        return _key_here(self).keyed(domain)


_MARKED: Final = "cluster"


@lru_cache(maxsize=4)
def _key_here(there: KeyThere) -> Project:
    """Return the project on a worker, its key compared; none is made where it is missing."""
    project = Project(there.root)
    if not project.key_file.is_file():
        raise UsageError(
            "The cluster's workers do not find the project's key, which does not travel.",
            hint="name it by CURATOR_KEY_FILE on every worker, or use --on dask",
        )
    if not compare_digest(project.hmac(_MARKED, b""), there.mark):
        raise UsageError(
            "The cluster's workers have another key than the project.",
            hint="the same pseudonyms need the same key: name it by CURATOR_KEY_FILE on every worker",
        )
    return project


# ── verifying ────────────────────────────────────────────────────────────────────────────────────────────


def prover(
    cluster: Cluster, campaign: Campaign
) -> Callable[[Iterable[tuple[Unit, UnitState]]], Iterator[tuple[int, Proof]]]:
    """Return what proves units for `curator.campaign.verifying.verify`."""

    def proved(pairs: Iterable[tuple[Unit, UnitState]]) -> Iterator[tuple[int, Proof]]:
        shipped = ((b"".join(lines_of(unit)), state) for unit, state in pairs)
        groups = batches_of(([pair], len(pair[0])) for pair in shipped)
        header = msgspec.structs.replace(campaign.plan.header, given=None)  # what people said stays here
        about = (cluster.access, str(campaign.id), header)
        for found in cluster.map(_prove, ((about, batch) for batch in groups)):
            yield from found

    return proved


def _prove(
    given: tuple[tuple[Access, str, Header], list[tuple[bytes, UnitState]]],
) -> list[tuple[int, Proof]]:
    from curator.campaign.elsewhere import Doors
    from curator.campaign.verifying import prove

    (access, identifier, header), batch = given
    with Doors.on_worker(identifier, header, door(access)) as doors, ThreadPoolExecutor(READERS) as pool:

        def one(pair: tuple[bytes, UnitState]) -> tuple[int, Proof]:
            (unit,) = read_units(pair[0].splitlines(keepends=True))
            return unit.number, prove(doors, unit, pair[1])

        return list(pool.map(one, batch))
