"""De-identified publications planned on a cluster, subject by subject, as one machine plans them.

A subject's image sets travel together, since what identifies it is gathered over all of them. The key does not
travel: workers find the project's own. Who became whom comes back with the plan and is brought together here, where
two subjects that would share a pseudonym are refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from curator.campaign.cluster import Cluster
from curator.campaign.planning import Planning
from curator.campaign.publishing import Published, Publishing, begin_register, plan_subjects, subjects_of
from curator.campaign.spread import KeyThere, Shipped, batches_of, kept_text
from curator.plan.lines import lines_of, read_units
from curator.plan.packing import Payload
from curator.plan.units import Unit

if TYPE_CHECKING:
    from curator.catalogue import Catalogue, Row

STAYS: Final = frozenset({"keyed", "known"})
"""What of `Publishing` does not travel: the key, and the subjects of earlier campaigns, which are compared here."""


@dataclass(frozen=True, slots=True)
class _Given:
    """What every batch needs: how to publish, without the key and without what no worker looks at."""

    how: dict[str, Any] = field(repr=False)
    key: KeyThere
    payload: Payload


@dataclass(frozen=True, slots=True)
class _Subjects:
    """A batch: all image sets of some subjects, the documents among them, and which are to be published."""

    subjects: list[list[Row]] = field(repr=False)
    shipped: Shipped = field(repr=False)
    wanted: list[Row] = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Planned:
    """What comes back of a batch."""

    text: bytes = field(repr=False)
    found: Published = field(repr=False)
    findings: dict[str, int]
    skipped: list[tuple[str, str]]
    count: int


def plan_deidentification_on(
    cluster: Cluster,
    catalogue: Catalogue,
    rows: Sequence[Row],
    how: Publishing,
    planning: Planning,
    found: Published,
) -> Iterator[Unit]:
    """Yield what `curator.campaign.publishing.plan_deidentification` yields, planned by workers subject by subject."""
    begin_register(how, found)
    told = {each.name: getattr(how, each.name) for each in fields(how) if each.name not in STAYS}
    given = _Given(told, KeyThere.of(cluster.project), planning.payload)
    number = done = 0
    for made in cluster.map_with(_plan, given, _batches(catalogue, rows, how)):
        found.take(made.found)
        for code, times in made.findings.items():
            planning.findings[code] = planning.findings.get(code, 0) + times
        planning.skipped += made.skipped
        for unit in read_units(made.text.splitlines(keepends=True)):
            yield msgspec.structs.replace(unit, number=number)
            number += 1
        done += made.count
        planning.progress(done, len(rows))
    found.register.check()
    planning.progress(len(rows), len(rows))


def _batches(catalogue: Catalogue, rows: Sequence[Row], how: Publishing) -> Iterator[_Subjects]:
    wanted = {row.id for row in rows}
    weighed = (([members], sum(row.size for row in members)) for members in subjects_of(catalogue, rows, how))
    for batch in batches_of(weighed):
        listed = [row for members in batch for row in members]
        texts = {
            row.id: text for row in listed if row.read and (text := kept_text(catalogue, row.id, row.version))
        }
        yield _Subjects(batch, Shipped(listed, texts), [row for row in listed if row.id in wanted])


def _plan(given: _Given, batch: _Subjects) -> _Planned:
    how = Publishing(keyed=given.key.keyed, **given.how)
    planning, found = Planning(given.payload), Published()
    catalogue = cast("Catalogue", batch.shipped)
    units = plan_subjects(catalogue, batch.subjects, batch.wanted, how, planning, found)
    text = b"".join(line for unit in units for line in lines_of(unit))
    return _Planned(text, found, planning.findings, planning.skipped, len(batch.wanted))
