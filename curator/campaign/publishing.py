"""From a confidentiality profile and a catalogue to a plan: de-identified publications, subject by subject.

Nothing is published that is not what the engine says it should be: what the service's limits leave undone in an
instance keeps the instance out, with the reason and its SOP class in the plan.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import msgspec

from curator.campaign.planning import Planning, party_of, readable
from curator.campaign.reviewing import at_risk
from curator.deid.decisions import Decisions
from curator.deid.engine import Engine
from curator.deid.keyed import Keyed
from curator.deid.people import Register
from curator.deid.pixelreview import PixelDecisions, Verdict
from curator.deid.profile import Profile
from curator.deid.ruled import Deidentification
from curator.deid.subject import Subject, identity, subject
from curator.deid.taglist import PrivateList
from curator.dicom import Json
from curator.dicom.confidentiality import Option
from curator.dicom.levels import Level
from curator.dicom.pixelrisk import pixel_risks
from curator.dicom.uids import sop_class_name
from curator.errors import Refused
from curator.findings import Change
from curator.imageset import ElementPath, ImageSetMetadata
from curator.imageset.instance import collector_off
from curator.plan.chunks import FRAMES_A_COPY, together
from curator.plan.cost import Cost
from curator.plan.leftout import LeftOut, Reason, tally
from curator.plan.merging import Party
from curator.plan.publishing import plan_in_place, plan_publication
from curator.plan.reimport import (
    Route,
    plan_reimport,
    sketch_reimport,
    with_reimports,
    without_payload,
)
from curator.plan.units import Unit
from curator.plan.updates import ImageSetUpdate, plan_update
from curator.treatments import made_by, without_instances

if TYPE_CHECKING:
    from curator.catalogue import Catalogue, Row
    from curator.rulefile.rule import Outcome


_PATIENT_ID: Final = 0x00100020


@dataclass(frozen=True, slots=True)
class Publishing:
    """How to publish.

    ``aliases`` and ``assigned`` are by original PatientID (see `curator.deid.people`). ``known`` are the subjects
    of earlier campaigns. ``cleared`` are the SOP Instance UIDs whose pixels a person has looked at, ``pixels``
    what reviewers decided of them one by one: an exclusion has the last word. ``in_place`` changes the sets themselves, whose older versions then stay readable. ``to`` is another data store as ``--store``
    names it, which implies the route ``reimport``; ``bucket`` and ``role`` are what an import at AWS needs.
    """

    asked: Deidentification
    keyed: Keyed
    aliases: Mapping[str, str] = field(default_factory=dict)
    assigned: Mapping[str, str] = field(default_factory=dict)
    decisions: Decisions | None = None
    verdicts: Sequence[PrivateList] = ()
    known: Mapping[str, str] = field(default_factory=dict)
    cleared: frozenset[str] = frozenset()
    pixels: PixelDecisions = field(default_factory=PixelDecisions, repr=False)
    beside: frozenset[str] = field(default=frozenset(), repr=False)
    """SOP Instance UIDs of instances whose frames carry text (`curator.campaign.beside_pixels`)."""
    in_place: bool = False
    promote: bool = False
    route: Route = Route.AUTO
    to: str = ""
    bucket: str = ""
    role: str = ""


@dataclass(slots=True)
class Published:
    """What planning found out, beside the units. Holds PHI: it goes to the crosswalk, never to logs."""

    register: Register = field(default_factory=Register)
    """The subjects, by identity, with their pseudonyms."""
    pseudonyms: dict[str, str] = field(default_factory=dict)
    """Original PatientID → the published one; the issuer and a NUL stand before an id that has one."""
    uids: dict[str, str] = field(default_factory=dict)
    """Original UID → its replacement, of everything that was planned."""
    unnamed: list[str] = field(default_factory=list)
    """Image sets without a PatientID: their study stands for the subject."""
    refused: list[tuple[str, LeftOut]] = field(default_factory=list)
    """Image sets of which nothing can be published by this route, and why."""
    routes: dict[tuple[Route, str], int] = field(default_factory=dict)
    """How many instances take which route, by SOP class."""
    costs: dict[Route, Cost] = field(default_factory=dict)
    """What each route would cost by itself: ``update`` with what it can carry, ``reimport`` with all."""

    def take(self, part: Published) -> None:
        """Take in what was found for further subjects; `Refused` where two subjects would share a pseudonym."""
        self.register.take(part.register)
        self.pseudonyms.update(part.pseudonyms)
        self.uids.update(part.uids)
        self.unnamed += part.unnamed
        self.refused += part.refused
        for key, count in part.routes.items():
            self.routes[key] = self.routes.get(key, 0) + count
        for route, cost in part.costs.items():
            self.costs.setdefault(route, Cost()).take(cost)


def left_alone(planning: Planning, found: Published) -> list[tuple[str, str]]:
    """Return (image set, why) of those that the plan does not publish at all."""
    refused = [(image_set, str(left.reason)) for image_set, left in found.refused]
    return list(dict.fromkeys([*planning.skipped, *refused]))


def plan_deidentification(
    catalogue: Catalogue,
    rows: Sequence[Row],
    how: Publishing,
    planning: Planning,
    found: Published,
) -> Iterator[Unit]:
    """Yield a unit for each of ``rows``; what ``found`` says is complete when the last one was taken.

    The lexicon of a subject is gathered over all of its image sets in the catalogue, chosen or not. Raises
    `Refused` when two subjects would share a pseudonym.
    """
    begin_register(how, found)
    subjects = subjects_of(catalogue, rows, how)
    yield from plan_subjects(catalogue, subjects, rows, how, planning, found)
    found.register.check()
    planning.progress(len(rows), len(rows))


def begin_register(how: Publishing, found: Published) -> None:
    """Take in what earlier campaigns made of subjects; `Refused` where the originals' UIDs would meet the published."""
    if Option.RETAIN_UIDS in how.asked.profile.options and not how.in_place and not how.to:
        raise Refused(
            "A profile that retains UIDs (113110) cannot publish into the store of the originals: UIDs would meet.",
            hint="publish into another store (--to), or drop the option",
        )
    for known_by, pseudonym in how.known.items():
        found.register.know(known_by, pseudonym)


def subjects_of(catalogue: Catalogue, rows: Sequence[Row], how: Publishing) -> Iterator[list[Row]]:
    """Yield, for each subject of whom anything is in ``rows``, all of its image sets."""
    wanted = {row.id for row in rows}
    for members in _by_subject(catalogue, how).values():
        if wanted.intersection(row.id for row in members):
            yield members


def plan_subjects(
    catalogue: Catalogue,
    subjects: Iterable[Sequence[Row]],
    rows: Sequence[Row],
    how: Publishing,
    planning: Planning,
    found: Published,
) -> Iterator[Unit]:
    """Yield a unit for each of ``rows``, given with all image sets of their subjects."""
    wanted = {row.id for row in rows}
    engine = how.asked.engine(how.keyed, decisions=how.decisions, verdicts=how.verdicts)
    number = done = 0
    for members in subjects:
        documents = [(row, doc) for row in members if (doc := readable(catalogue, row, planning)) is not None]
        if not documents:
            continue
        about = subject(
            [doc for _, doc in documents],
            how.asked.profile,
            how.keyed,
            aliases=how.aliases,
            assigned=how.assigned,
        )
        found.register.add(about, published=all(row.deidentified for row, _ in documents))
        for row, doc in documents:
            if row.id not in wanted:
                continue
            planning.progress(done, len(rows))
            done += 1
            with collector_off():  # what one image set takes is gone before the next one
                unit = _unit(engine, about, party_of(row, doc), how, planning, found, number)
            if unit is not None:
                _record(doc, about, row.id, how.asked.profile, found)
                yield unit
                number += 1
    found.uids.update((old, new) for old, new in engine.remapped.items() if old != new)


def _by_subject(catalogue: Catalogue, how: Publishing) -> dict[str, list[Row]]:
    subjects: dict[str, list[Row]] = {}
    for row in catalogue.rows(None, sort="id"):
        doc = catalogue.document(row.id, row.version) if row.read else None
        if doc is not None:
            subjects.setdefault(identity(doc, how.aliases)[0], []).append(row)
    return subjects


def _record(
    doc: ImageSetMetadata, about: Subject, image_set: str, profile: Profile, found: Published
) -> None:
    patient_id, issuer = (_text(doc.patient.get(key)).strip() for key in ("PatientID", "IssuerOfPatientID"))
    if patient_id:
        kept = profile.verdict(_PATIENT_ID, "LO").code == "K"
        found.pseudonyms[f"{issuer}\0{patient_id}" if issuer else patient_id] = (
            patient_id if kept else about.pseudonym
        )
    if about.unnamed:
        found.unnamed.append(image_set)


def _unit(
    engine: Engine,
    about: Subject,
    party: Party,
    how: Publishing,
    planning: Planning,
    found: Published,
    number: int,
) -> Unit | None:
    outcome = how.asked.outcome(engine, party.doc, about, version=party.version)
    for finding in outcome.findings:
        planning.findings[finding.code] = planning.findings.get(finding.code, 0) + 1
    chosen = _Chosen.of(party.doc, outcome, how, planning)
    left = tally(LeftOut(reason, how.asked.name, name) for reason, name in chosen.kept_out.values())
    if len(chosen.kept_out) == party.doc.instance_count or (how.in_place and chosen.kept_out):
        # in place nothing can be left out: what stays as it is would pass for de-identified with the rest
        found.refused.extend((party.id, each) for each in left)
        return None
    try:
        unit = _planned(party, outcome.changes, chosen, how, planning, found, number)
    except Refused as refusal:
        planning.skipped.append((party.id, refusal.message))
        return None
    return msgspec.structs.replace(
        unit, left_out=tally([*unit.left_out, *left]), cleared=_cleared(party.doc, how, chosen.kept_out)
    )


@dataclass(frozen=True, slots=True)
class _Chosen:
    """Which instances of an image set go which way; ``kept_out`` go none."""

    kept_out: dict[str, tuple[Reason, str]]
    update: frozenset[str]
    reimport: frozenset[str]
    whole: ImageSetUpdate | None = None
    """What was planned to find that out, where it is the whole image set's update: it need not be planned again."""

    @classmethod
    def of(cls, doc: ImageSetMetadata, outcome: Outcome, how: Publishing, planning: Planning) -> _Chosen:
        """Decide for each instance by what is possible, within the route that is asked for."""
        changes = outcome.changes
        kept_out = dict(_kept_out(doc, how, outcome.quarantined))
        rest = {sop for _, sop, _ in doc.instances()} - kept_out.keys()
        route = Route.REIMPORT if how.to else Route.UPDATE if how.in_place else how.route
        too_many = {} if how.in_place else dict(_of_too_many_frames(doc, rest))
        whole: ImageSetUpdate | None = None
        if route is Route.REIMPORT:
            short: dict[str, tuple[Reason, str]] = dict.fromkeys(rest, (Reason.FRAMES, ""))
        else:
            out = {**kept_out, **too_many}
            update = plan_update(doc, without_instances(changes, out), payload=planning.payload)
            undone = dict(_short(doc, without_instances(changes, out), update.predicted, out))
            if not how.in_place:
                undone |= _of_series_apart(doc, rest - too_many.keys() - undone.keys())
            short = too_many | undone
            whole = update if not out and not undone else None
        if route is Route.UPDATE or whole is not None:
            return cls(kept_out | short, frozenset(rest - short.keys()), frozenset(), whole)
        unclean = dict(_unimportable(doc, changes, set(short)))
        kept_out |= unclean
        return cls(kept_out, frozenset(rest - short.keys()), frozenset(short.keys() - unclean.keys()))


def _planned(
    party: Party,
    changes: Collection[Change],
    chosen: _Chosen,
    how: Publishing,
    planning: Planning,
    found: Published,
    number: int,
) -> Unit:
    if how.in_place:
        return plan_in_place(party, changes, number=number, payload=planning.payload)
    if not chosen.update:
        unit = plan_reimport(
            party, changes, chosen.reimport, number=number, store=how.to, bucket=how.bucket, role=how.role
        )
    else:
        out = {sop for _, sop, _ in party.doc.instances()} - chosen.update
        unit = plan_publication(
            party,
            without_instances(changes, out),
            number=number,
            payload=planning.payload,
            promote=how.promote,
            leave_out=out,
            planned=chosen.whole,
        )
        found.costs.setdefault(Route.UPDATE, Cost()).add(unit)
        if chosen.reimport:
            unit = with_reimports(unit, party, changes, chosen.reimport, bucket=how.bucket, role=how.role)
    if how.route is not Route.UPDATE:
        _cost_of_reimport(party, chosen.update | chosen.reimport, how.to, found)
    return msgspec.structs.replace(unit, routes=_routes(party.doc, chosen, found))


def _cost_of_reimport(party: Party, sops: Container[str], store: str, found: Published) -> None:
    """Count what importing all of it would take, without planning it."""
    listed = frozenset(sop for _, sop, _ in party.doc.instances() if sop in sops)
    found.costs.setdefault(Route.REIMPORT, Cost()).add(sketch_reimport(party, listed, store=store))


def _routes(doc: ImageSetMetadata, chosen: _Chosen, found: Published) -> tuple[tuple[str, str, int], ...]:
    counts: dict[tuple[Route, str], int] = {}
    for _, sop, instance in doc.instances():
        if sop not in chosen.kept_out:
            route = Route.UPDATE if sop in chosen.update else Route.REIMPORT
            key = route, _class_name(instance.dicom)
            counts[key] = counts.get(key, 0) + 1
            found.routes[key] = found.routes.get(key, 0) + 1
    return tuple((str(route), name, count) for (route, name), count in sorted(counts.items()))


def _kept_out(
    doc: ImageSetMetadata, how: Publishing, quarantined: frozenset[ElementPath]
) -> Iterator[tuple[str, tuple[Reason, str]]]:
    """Yield instances that must not be copied: put aside by a rule or a reviewer, pixels that may identify."""
    around = {ElementPath(Level.PATIENT), ElementPath(Level.STUDY)} & quarantined
    for uid, sop, instance in doc.instances():
        name = _class_name(instance.dicom)
        places = {ElementPath(Level.SERIES, uid), ElementPath(Level.INSTANCE, uid, sop)}
        if around or places & quarantined:
            yield sop, (Reason.QUARANTINED, name)
            continue
        said = how.pixels.of(sop, instance.frames)
        if said is not None and said.verdict is Verdict.EXCLUDE:
            yield sop, (Reason.EXCLUDED, name)
        elif (
            sop not in how.cleared
            and said is None
            and pixel_risks({**doc.series[uid].dicom, **instance.dicom}, instance.frames)
        ):
            yield sop, (Reason.PIXELS, name)
        elif sop in how.beside and sop not in how.cleared and said is None:
            yield sop, (Reason.BESIDE_PIXELS, name)


def _cleared(
    doc: ImageSetMetadata, how: Publishing, kept_out: Container[str]
) -> tuple[tuple[str, str, int], ...]:
    """Count the instances at risk that are published all the same, by who said so and on which day."""
    counts: dict[tuple[str, str], int] = {}
    for each in at_risk(doc) if len(how.pixels) or how.cleared else ():
        if each.sop not in kept_out:
            said = how.pixels.of(each.sop, each.instance.frames)
            key = (said.by, said.when[:10]) if said is not None else ("a list", "")
            counts[key] = counts.get(key, 0) + 1
    return tuple((by, when, count) for (by, when), count in sorted(counts.items()))


def _of_too_many_frames(
    doc: ImageSetMetadata, sops: Container[str]
) -> Iterator[tuple[str, tuple[Reason, str]]]:
    """Yield instances that no copy takes."""
    for _, sop, instance in doc.instances():
        if sop in sops and len(instance.frames) > FRAMES_A_COPY:
            yield sop, (Reason.FRAMES, _class_name(instance.dicom))


def _of_series_apart(doc: ImageSetMetadata, sops: Container[str]) -> Iterator[tuple[str, tuple[Reason, str]]]:
    """Yield instances of series that cannot be copied into one image set with the others."""
    chosen: dict[str, list[str]] = {}
    for uid, sop, _ in doc.instances():
        if sop in sops:
            chosen.setdefault(uid, []).append(sop)
    for uid in chosen.keys() - together(doc, chosen):
        for sop in chosen[uid]:
            yield sop, (Reason.APART, _class_name(doc.series[uid].instances[sop].dicom))


def _unimportable(
    doc: ImageSetMetadata, changes: Collection[Change], sops: set[str]
) -> Iterator[tuple[str, tuple[Reason, str]]]:
    """Yield instances that even a file would leave short of what the profile says."""
    out = {sop for _, sop, _ in doc.instances()} - sops
    if sops:
        changes = without_instances(changes, out)
        yield from _short(doc, changes, without_payload(doc, changes), out)


def _short(
    doc: ImageSetMetadata,
    changes: Collection[Change],
    predicted: ImageSetMetadata,
    kept_out: Container[str],
) -> Iterator[tuple[str, tuple[Reason, str]]]:
    wanted = made_by(changes, doc)
    renamed = {
        uid: _text(series.dicom.get("SeriesInstanceUID")) or uid for uid, series in wanted.series.items()
    }
    above = [(predicted.patient, wanted.patient), (predicted.study, wanted.study)]
    above += [
        (predicted.series[renamed[uid]].dicom, series.dicom)
        for uid, series in wanted.series.items()
        if renamed[uid] in predicted.series
    ]
    short = set(predicted.series) != set(renamed.values()) or not all(_same(*pair) for pair in above)
    for uid, sop, instance in wanted.instances():
        if sop in kept_out:
            continue
        have = predicted.instance(_text(instance.dicom.get("SOPInstanceUID")) or sop)
        if short or have is None or not _same(have.dicom, instance.dicom):
            yield sop, (Reason.UNCLEAN, _class_name(doc.series[uid].instances[sop].dicom))


def _same(have: Mapping[str, Json], want: Mapping[str, Json]) -> bool:
    """Say whether a level is as the engine wants it; an empty element that could not be removed is no harm."""
    return all(
        want.get(key) == value or (key not in want and not value) for key, value in have.items()
    ) and all(key in have or not value for key, value in want.items())


def _class_name(dicom: Mapping[str, Json]) -> str:
    uid = _text(dicom.get("SOPClassUID"))
    return (sop_class_name(uid) or "unknown SOP class") if uid else "no SOP class"


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
