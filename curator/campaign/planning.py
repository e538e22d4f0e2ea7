"""From rule files and a catalogue to a plan: which image sets, which changes, which units."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from curator import __version__
from curator.errors import UsageError
from curator.findings import ABSENT, Change, Finding, Safety, Why
from curator.imageset import ElementPath, ImageSetMetadata
from curator.plan.leftout import LeftOut, Reason, tally
from curator.plan.lines import Given, Header
from curator.plan.merging import Party
from curator.plan.packing import Payload
from curator.plan.publishing import plan_in_place, plan_publication
from curator.plan.units import Unit

if TYPE_CHECKING:
    from curator.campaign.journal import Campaign
    from curator.catalogue import Catalogue, Row
    from curator.deid.keyed import Keyed
    from curator.healthimaging import HealthImaging
    from curator.plan.renames import Renames
    from curator.rulefile import RuleFile

ALL: frozenset[Safety] = frozenset({Safety.SAFE, Safety.REVIEW})
"""What goes into a plan that a person reviews."""
SAFE_ONLY: frozenset[Safety] = frozenset({Safety.SAFE})
"""What goes into a plan that nobody looks at."""


@dataclass(slots=True)
class Planning:
    """How to plan. ``skipped`` fills with image sets that were left alone, and why."""

    payload: Payload = field(default_factory=Payload)
    allow: frozenset[Safety] = ALL
    findings: dict[str, int] = field(default_factory=dict)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    losses: list[str] = field(default_factory=list)  # what merges give up, in words
    progress: Callable[[int, int], None] = lambda done, total: None
    copies_of_primary: bool = False  # whether what primary sets refuse goes to a changed copy instead
    studies_done: set[str] = field(default_factory=set)
    keyed: Keyed | None = None  # the project's key, for rules that make pseudonyms or move dates


def party_of(row: Row, doc: ImageSetMetadata) -> Party:
    """Return an image set of the catalogue as plans take it."""
    return Party(row.id, str(row.version), doc, bool(row.primary), row.updated_at)


def chosen_rows(catalogue: Catalogue, where: str, ids: Sequence[str]) -> list[Row]:
    """Return the rows to plan for; `UsageError` for an id that the data store does not have."""
    from curator.catalogue import Where

    rows = catalogue.rows(Where.parse(where) if where else None, sort="id")
    if not ids:
        return rows
    unknown = [each for each in ids if catalogue.row(each) is None]
    if unknown:
        raise UsageError(f"There is no image set {unknown[0]}.", hint="`curator list` shows what is there")
    return [row for row in rows if row.id in set(ids)]


def plan_rules(
    catalogue: Catalogue,
    files: Sequence[RuleFile],
    rows: Sequence[Row],
    planning: Planning,
    *,
    matching: Sequence[set[str] | None] | None = None,
) -> Iterator[Unit]:
    """Yield a unit for each image set that the rules change, from the catalogue's documents, study by study.

    Each file's own ``where`` narrows the sets that it looks at (``matching``: what `matching_of` says, when it is
    known). Raises `RuleFileError` when two files have a rule of one id.
    """
    from curator.deid.words import refuse_profiles
    from curator.rulefile import together

    rows = in_studies(rows)
    matching = matching_of(catalogue, files) if matching is None else matching
    together(files)  # ids must not meet, whatever the documents
    refuse_profiles(files)
    joined: dict[tuple[int, ...], RuleFile] = {}

    def rules_for(row: Row) -> RuleFile | None:
        picked = tuple(index for index, ids in enumerate(matching) if ids is None or row.id in ids)
        if not picked:
            return None
        return joined.setdefault(picked, together([files[index] for index in picked]))

    studies = {} if planning.copies_of_primary else _primary_studies(catalogue, rows)
    number = 0
    for done, row in enumerate(rows):
        planning.progress(done, len(rows))
        if row.primary and row.study_uid in studies:
            group = studies.pop(row.study_uid)
            unit = _study_unit(catalogue, group, rules_for, {each.id for each in rows}, number, planning)
        elif row.primary and row.study_uid in planning.studies_done:
            continue
        else:
            file = rules_for(row)
            doc = readable(catalogue, row, planning) if file is not None else None
            unit = None if file is None or doc is None else _unit(file, doc, row, number, planning)
        if unit is not None:
            yield unit
            number += 1
    planning.progress(len(rows), len(rows))


def in_studies(rows: Iterable[Row]) -> list[Row]:
    """Return rows in the order of plans: the image sets of a study together."""
    return sorted(rows, key=lambda row: (row.study_uid, row.id))


def matching_of(catalogue: Catalogue, files: Sequence[RuleFile]) -> list[set[str] | None]:
    """Return for each rule file the ids of the image sets that its ``where`` matches, None for all."""
    from curator.catalogue import Where

    wheres = [Where.parse(file.where) if file.where else None for file in files]
    return [None if where is None else {row.id for row in catalogue.rows(where)} for where in wheres]


def _primary_studies(catalogue: Catalogue, rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Return the primary image sets by study, of studies that have several: they are changed together."""
    if not any(row.primary for row in rows):
        return {}
    studies: dict[str, list[Row]] = {}
    for row in catalogue.rows(sort="id"):
        if row.primary and row.study_uid:
            studies.setdefault(row.study_uid, []).append(row)
    return {uid: group for uid, group in studies.items() if len(group) > 1}


def _study_unit(
    catalogue: Catalogue,
    group: Sequence[Row],
    rules_for: Callable[[Row], RuleFile | None],
    asked: set[str],
    number: int,
    planning: Planning,
) -> Unit | None:
    """Plan all primary sets of a study as one unit; those that were not asked for are pinned, and not changed."""
    from curator.plan.studies import plan_study

    planning.studies_done.add(group[0].study_uid)
    parties: list[Party] = []
    changes: dict[str, list[Change]] = {}
    for row in group:
        doc = readable(catalogue, row, planning)
        if doc is None:
            return None
        parties.append(party_of(row, doc))
        file = rules_for(row) if row.id in asked else None
        if file is not None:
            outcome = file.outcome(doc, *_given(file, doc, planning), version=str(row.version))
            _note(planning, outcome.findings)
            changes[row.id], _ = _without_quarantined(outcome.changes, outcome.quarantined)
    if not any(changes.values()):
        return None
    return plan_study(parties, changes, number=number, payload=planning.payload, allow=planning.allow)


def _note(planning: Planning, findings: Iterable[Finding]) -> None:
    for finding in findings:
        planning.findings[finding.code] = planning.findings.get(finding.code, 0) + 1


def readable(catalogue: Catalogue, row: Row, planning: Planning) -> ImageSetMetadata | None:
    """Return the row's document; None, noted as skipped, where it cannot be planned for."""
    if row.state not in ("ACTIVE", ""):  # "" where it was only listed so far
        planning.skipped.append((row.id, f"it is {row.state} ({row.status})"))
        return None
    doc = catalogue.document(row.id, row.version) if row.read else None
    if doc is None:
        planning.skipped.append((row.id, "its metadata is not in the catalogue"))
    return doc


def _given(file: RuleFile, doc: ImageSetMetadata, planning: Planning) -> tuple[object, ...]:
    """Return the key and subject that the file's actions ask for, if they do."""
    from curator.deid.words import given

    return given(file, planning.keyed, doc)


def _unit(file: RuleFile, doc: ImageSetMetadata, row: Row, number: int, planning: Planning) -> Unit | None:
    outcome = file.outcome(doc, *_given(file, doc, planning), version=str(row.version))
    _note(planning, outcome.findings)
    changes, held = _without_quarantined(outcome.changes, outcome.quarantined)
    if not changes and not held:
        return None
    if row.primary and planning.copies_of_primary and changes:
        # The service keeps a study's primary sets as they are; a copy is not primary, and free.
        return plan_publication(
            party_of(row, doc), changes, number=number, payload=planning.payload, allow=planning.allow
        )
    unit = plan_in_place(
        party_of(row, doc), changes, number=number, payload=planning.payload, allow=planning.allow
    )
    if held:
        import msgspec

        unit = msgspec.structs.replace(unit, left_out=tally([*unit.left_out, *held]))
    return unit


def _without_quarantined(
    changes: Iterable[Change], quarantined: frozenset[ElementPath]
) -> tuple[list[Change], list[LeftOut]]:
    """Leave out what stands in a level that a rule has put aside."""
    if not quarantined:
        return list(changes), []
    kept: list[Change] = []
    held: list[LeftOut] = []
    for change in changes:
        place = change.path.at_level()
        around = {
            place,
            ElementPath(place.level, place.series),
            *(each for each in quarantined if not each.series),
        }
        if around & quarantined or any(
            each.series == place.series and not each.instance for each in quarantined
        ):
            held.append(LeftOut(Reason.REVIEW, change.why.rule, str(change.path.generic())))
        else:
            kept.append(change)
    return kept, held


def done_as_now(
    campaign: Campaign, imaging: HealthImaging, image_set: str | None = None
) -> Iterator[tuple[Unit, list[Party]]]:
    """Yield the campaign's updates that are done, each with its image sets as they are now."""
    from curator.campaign.applying import states_of
    from curator.campaign.journal import Status
    from curator.plan.units import Kind

    def party(name: str) -> Party:
        seen = imaging.image_set(name)
        return Party(name, seen.version, imaging.document(name, seen.version), bool(seen.is_primary))

    for unit, state in states_of(campaign):
        if unit.kind is Kind.UPDATE and state.status is Status.DONE:
            names = [member.id for member in unit.members]
            if image_set is None or image_set in names:
                yield unit, [party(name) for name in names]


def plan_without_rule(units: Iterable[tuple[Unit, Sequence[Party]]], rule: str) -> Iterator[Unit]:
    """Yield units that take back what one rule did, and nothing else, from the documents as they are now.

    An element that others changed since is left out as stale and shows in the plan.
    """
    from curator.plan.studies import plan_study

    number = 0
    for unit, parties in units:
        changes = {party.id: list(_inverses(unit, party, rule)) for party in parties}
        if not any(changes.values()):
            continue
        if len(parties) > 1:  # a study's primary sets, which are changed together
            yield plan_study(parties, changes, number=number)
        else:
            yield plan_in_place(parties[0], changes[parties[0].id], number=number)
        number += 1


def _inverses(unit: Unit, party: Party, rule: str) -> Iterator[Change]:
    from curator.plan.renames import Renames

    patches = [each for each in unit.patches if each.set == party.id]
    renames = Renames.of(operation for patch in patches for operation in patch.patch)
    for patch in patches:
        for change in patch.changes():
            if change.why.rule == rule:
                yield _inverse(change, renames)


def _inverse(change: Change, renames: Renames) -> Change:
    from curator.treatments import normal

    after = change.after if change.after is ABSENT else normal(change.after)  # type: ignore[arg-type]
    why = Why("undo", f"takes back what {change.why.rule} did")
    return Change(renames.path(change.path), after, change.before, change.vr, why, Safety.SAFE)


def header(
    *, title: str, store: str, datastore: str, project: str, rules: Sequence[str], options: dict[str, str],
    given: Given | None = None,
) -> Header:  # fmt: skip
    """Return a plan's first line, with the program and the time."""
    made = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return Header(
        tool=f"curator {__version__}",
        made=made,
        project=project,
        store=store,
        datastore=datastore,
        title=title,
        rules=tuple(rules),
        options=options,
        given=given,
    )
