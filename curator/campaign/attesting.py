"""Hold a de-identified publication against its originals, over every version, with `curator.verify`.

`verify` of a campaign says that what is there is what was planned; this says that what was planned is right. It
believes neither the plan nor the engine: it reads original and published documents back from the service.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import msgspec

from curator.campaign.applying import states_of
from curator.campaign.elsewhere import Doors
from curator.campaign.journal import Campaign, Status
from curator.campaign.service_checks import Searches, beside_pixels, looked_at, working_copies
from curator.deid.decisions import Decisions
from curator.deid.pixelreview import PixelDecisions, Verdict
from curator.deid.profile import Profile
from curator.deid.ruled import Deidentification
from curator.deid.subject import identity
from curator.deid.taglist import PrivateList, kept_keys
from curator.dicom.dictionary import tag_of_key
from curator.errors import NotFound
from curator.imageset import ImageSetMetadata, parse_path
from curator.plan.importing import OF_THE_FILE
from curator.plan.lines import Given
from curator.plan.units import Copy, Import, Kind, Unit
from curator.project import write_private
from curator.verify import (
    BY_RULE,
    Claim,
    Decided,
    Held,
    Maps,
    ServiceCheck,
    Verification,
    Violation,
    verify,
)

if TYPE_CHECKING:
    from curator.healthimaging import HealthImaging

KEPT: Final = "attestation.json"
"""Where a campaign's folder keeps what was found; no values."""


class Finding(msgspec.Struct, frozen=True):
    """One thing that does not hold, or that needs a person: where and what, no values."""

    check: str
    image_set: str
    version: str
    place: str
    message: str
    count: int = 1


class Attestation(msgspec.Struct):
    """What was found over all subjects of a campaign."""

    profile: str = ""
    edition: str = ""
    codes: list[tuple[str, str]] = []
    subjects: int = 0
    versions: int = 0
    violations: list[Finding] = []
    notes: list[Finding] = []
    counts: dict[str, tuple[int, int]] = {}
    """Check → (made, failed)."""
    midi_b: dict[str, tuple[int, int]] = {}
    """MIDI-B's action → (passed, failed)."""
    weak_terms: int = 0
    outside: list[str] = []

    @property
    def holds(self) -> bool:
        """Whether everything that can be proved holds."""
        return not self.violations


@dataclass(slots=True)
class _Subject:
    originals: list[Held] = field(default_factory=list)
    published: list[Held] = field(default_factory=list)
    left_out: set[str] = field(default_factory=set)
    service: list[ServiceCheck] = field(default_factory=list)


def attest(
    campaign: Campaign,
    imaging: HealthImaging,
    asked: Deidentification,
    who: dict[str, str],
    *,
    aliases: Mapping[str, str] | None = None,
    cleared: frozenset[str] = frozenset(),
    pixels: PixelDecisions | None = None,
    decisions: Decisions | None = None,
    verdicts: Sequence[PrivateList] = (),
    others: Iterable[tuple[str, str, ImageSetMetadata]] = (),
) -> Attestation:
    """Verify every publication of the campaign that is done, subject by subject, and keep what was found.

    What the plan was made with (aliases, cleared pixels, decisions, lists of private elements) stands in the plan; the
    arguments serve plans that do not say it.

    Identifiers are gathered from the campaign's image sets in all their versions, from what else the catalogue holds
    of the subjects, and from ``others``: (id, version, document). Each version read is a touch. Raises ServiceError when the service cannot be read.
    """
    given = campaign.plan.header.given or Given(
        aliases=dict(aliases or {}),
        cleared=tuple(cleared),
        decisions=tuple(
            (each.element, each.vr, each.value, each.decision, each.replacement) for each in decisions or ()
        ),
        safe_private=tuple(kept_keys((*asked.private, *verdicts))),
    )
    with Doors(campaign, imaging) as doors:
        subjects = _gathered(campaign, doors, asked.profile, given, pixels)
    for image_set, version, document in (*_beside(campaign, subjects, given.aliases), *others):
        known_by = identity(document, given.aliases)[0]
        if known_by in subjects:
            found = subjects[known_by]
            chosen = {sop for held in found.originals for _, sop, _ in held.document.instances()}
            found.originals.insert(0, Held(image_set, version, document))
            found.left_out |= {sop for _, sop, _ in document.instances()} - chosen
    made = Attestation(asked.name, asked.profile.table.edition, list(asked.profile.codes))
    uids = _as_recorded(campaign, subjects.values())
    maps = Maps.of(uids, {})
    by_rule = _by_rule(campaign, asked)
    for found in subjects.values():
        kept = {path.tag or 0 for each in found.originals for path in asked.held(each.document)}
        claim = _claim(asked, by_rule | kept, frozenset(found.left_out), given, uids)
        claim = _reviewed(claim, found.originals, pixels)
        _add(made, verify(found.originals, found.published, claim, maps=maps, service=found.service))
        made.subjects += 1
        made.versions += len(found.published)
    write_private(campaign.folder / KEPT, msgspec.json.format(msgspec.json.encode(made), indent=1))
    with campaign.open_ledger(who) as ledger:
        ledger.append(
            "attested",
            state="holds" if made.holds else "fails",
            subjects=made.subjects,
            versions=made.versions,
            violations=sum(each.count for each in made.violations),
        )
    return made


def kept_attestation(campaign: Campaign) -> Attestation | None:
    """Return what was found last; None where nothing was verified so."""
    path = campaign.folder / KEPT
    return msgspec.json.decode(path.read_bytes(), type=Attestation) if path.exists() else None


def _gathered(
    campaign: Campaign, doors: Doors, profile: Profile, given: Given, pixels: PixelDecisions | None
) -> dict[str, _Subject]:
    aliases, cleared = given.aliases, frozenset(given.cleared)
    searches = Searches(profile)
    subjects: dict[str, _Subject] = {}
    imaging = doors.own
    for unit, state in states_of(campaign):
        if unit.kind is not Kind.PUBLISH or state.status not in (Status.DONE, Status.FINISHED):
            continue
        source = unit.members[0]
        history = list(_history(imaging, source.id, up_to=source.version))
        if not history:
            continue
        document = history[-1].document
        found = subjects.setdefault(identity(document, aliases)[0], _Subject())
        found.originals += history
        found.left_out |= _left_out(unit, document)
        published = [state.id_of(name) for name in unit.made]
        for name in unit.made:
            found.published += _history(doors.of(unit, name), state.id_of(name), source=source.id)
        there = doors.of(unit, next(iter(unit.made)))
        found.service += searches.checks(there, document, published)
        found.service += working_copies(unit, state, there)
        seen = looked_at(document, cleared, pixels)
        last = {held.image_set: held for held in found.published}
        for name in unit.made:
            if (held := last.get(state.id_of(name))) is not None:
                found.service += beside_pixels(doors.of(unit, name), held, seen)
    return subjects


def _beside(
    campaign: Campaign, subjects: Mapping[str, _Subject], aliases: Mapping[str, str]
) -> Iterator[tuple[str, str, ImageSetMetadata]]:
    """Yield the subjects' image sets that are not the campaign's, as the catalogue has read them."""
    from curator.catalogue import Catalogue

    datastore = campaign.plan.header.datastore
    if not datastore or not (campaign.project.catalogues / f"{datastore}.sqlite").exists():
        return
    held = [each for found in subjects.values() for each in found.originals]
    ids = {str(each.document.patient.get("PatientID") or "").strip() for each in held}
    ids |= {key.rpartition("\0")[2] for pair in aliases.items() for key in pair}
    known = {each.image_set for each in held}
    with Catalogue.open(campaign.project, datastore) as catalogue:
        for row in catalogue.rows(sort="id"):
            if row.read and row.id not in known and row.patient_id.strip() in ids:
                document = catalogue.document(row.id, row.version)
                if document is not None:
                    yield row.id, str(row.version), document


def _history(imaging: HealthImaging, image_set: str, *, up_to: str = "", source: str = "") -> Iterator[Held]:
    """Yield every version, oldest first; nothing of a set that is gone."""
    try:
        versions = imaging.versions(image_set)
    except NotFound:
        return
    for each in sorted(versions, key=lambda one: int(one.version)):
        if up_to and int(each.version) > int(up_to):
            break
        if not each.failed:
            yield Held(image_set, each.version, imaging.document(image_set, each.version), source)


def _left_out(unit: Unit, document: ImageSetMetadata) -> set[str]:
    """Return the instances that neither a first copy nor an import takes along."""
    source = unit.members[0].id
    sops = {sop for _, sop, _ in document.instances()}
    for step in unit.steps:
        if isinstance(step, Copy | Import) and step.set == source:
            if step.chosen is None:
                return set()
            sops -= {sop for chosen in step.chosen.values() for sop in chosen}
    return sops


def _by_rule(campaign: Campaign, asked: Deidentification) -> frozenset[int]:
    """Return the attributes that rules beside the profile change, or keep."""
    found: set[int] = set()
    for unit in campaign.plan.units():
        if unit.reimported:
            found |= OF_THE_FILE
        for patch in unit.patches:
            for change in patch.changes():
                if change.why.rule != asked.profile.name or ("rule" in dict(change.why.detail)):
                    found.add(change.path.tag or 0)
    return frozenset(found)


def _as_recorded(campaign: Campaign, subjects: Iterable[_Subject]) -> dict[str, str]:
    """Return what the crosswalk says of the published instances: which is which, where nothing else tells them apart.

    It is held to like all of a claim: a pair that is not one shows in every value.
    """
    from curator.crosswalk import Crosswalk

    there = {sop for each in subjects for held in each.published for _, sop, _ in held.document.instances()}
    return {old: new for old, new in Crosswalk.open(campaign.project).entries().uids if new in there}


def _claim(
    asked: Deidentification,
    by_rule: frozenset[int],
    left_out: frozenset[str],
    given: Given,
    uids: Mapping[str, str],
) -> Claim:
    profile = asked.profile
    overrides = {tag: override.code for tag, override in profile.overrides.items()}
    if profile.retain_references:
        overrides |= {int(row.tag, 16): "U" for row in profile.table.rows if row.basic == "X/Z/U*"}
    overrides |= dict.fromkeys(by_rule, BY_RULE)
    return Claim(
        profile.options,
        profile.table,
        overrides,
        uids=uids,
        left_out=left_out,
        cleared=frozenset(given.cleared),
        safe_private=frozenset(given.safe_private),
        decisions=tuple(
            Decided(
                tuple(tag_of_key(key) or 0 for key in parse_path(element).keys), vr, value, word, replacement
            )
            for element, vr, value, word, replacement in given.decisions
        ),
    )


def _reviewed(claim: Claim, originals: Sequence[Held], pixels: PixelDecisions | None) -> Claim:
    """Return the claim with what reviewers said of the pixels of these very instances."""
    if not pixels:
        return claim
    said: dict[Verdict, set[str]] = {Verdict.CLEAR: set(), Verdict.EXCLUDE: set()}
    for held in originals:
        for _, sop, instance in held.document.instances():
            if (decision := pixels.of(sop, instance.frames)) is not None:
                said[decision.verdict].add(sop)
    return replace(
        claim,
        cleared=claim.cleared | said[Verdict.CLEAR],
        excluded=frozenset(said[Verdict.EXCLUDE]),
    )


def _add(made: Attestation, found: Verification) -> None:
    made.violations += _findings(found.violations)
    made.notes += _findings(found.notes)
    for check, count in found.counts.items():
        checked, failed = made.counts.get(str(check), (0, 0))
        made.counts[str(check)] = (checked + count.checked, failed + count.failed)
    for action, passed, failed, _ in found.midi_b():
        before = made.midi_b.get(action, (0, 0))
        made.midi_b[action] = (before[0] + passed, before[1] + failed)
    made.weak_terms += found.weak_terms
    made.outside = list(found.outside)


def _findings(violations: Iterable[Violation]) -> Iterator[Finding]:
    for each in violations:
        yield Finding(str(each.check), each.image_set, each.version, each.place, each.message, each.count)
