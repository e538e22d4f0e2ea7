"""One subject's publications held against its originals, every version of both read from the service."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from curator.campaign.attestation import Attestation
from curator.campaign.cases import Case
from curator.campaign.elsewhere import Doors
from curator.campaign.service_checks import Searches, beside_pixels, looked_at, working_copies
from curator.deid.pixelreview import PixelDecisions, Verdict
from curator.deid.ruled import Deidentification
from curator.deid.subject import identity
from curator.dicom.dictionary import tag_of_key
from curator.errors import NotFound, StoreError
from curator.imageset import ImageSetMetadata, parse_path
from curator.plan.lines import Given
from curator.plan.units import Copy, Import, Unit
from curator.verify import BY_RULE, Claim, Decided, Held, Maps, ServiceCheck, verify
from curator.verify.pairing import pixel_sums

if TYPE_CHECKING:
    from curator.healthimaging import HealthImaging


@dataclass(frozen=True, slots=True)
class About:
    """What all proofs of a campaign share; ``by_rule`` are the attributes that rules beside the profile write."""

    asked: Deidentification = field(repr=False)
    given: Given = field(repr=False)
    by_rule: frozenset[int]
    pixels: PixelDecisions | None = field(default=None, repr=False)


@dataclass(slots=True)
class _Subject:
    originals: list[Held] = field(default_factory=list)
    published: list[Held] = field(default_factory=list)
    left_out: set[str] = field(default_factory=set)
    service: list[ServiceCheck] = field(default_factory=list)


def proved(case: Case, doors: Doors, about: About, searches: Searches, maps: Maps) -> Attestation:
    """Return what was found of one subject; ``maps`` are those of all subjects before, and take its own in.

    Empty where the originals are gone. StoreError where they are another subject's than the case says.
    """
    maps.asked.clear()
    found = _read(case, doors, about, searches)
    if not found.originals:
        return Attestation()
    for each in case.beside:
        document = ImageSetMetadata.parse(each.text)
        chosen = {sop for held in found.originals for _, sop, _ in held.document.instances()}
        found.originals.insert(0, Held(each.id, each.version, document))
        found.left_out |= {sop for _, sop, _ in document.instances()} - chosen
    # Where nothing else tells instances apart the crosswalk does. It is held to like all of a claim: a pair that is
    # not one shows in every value.
    there = {sop for held in found.published for _, sop, _ in held.document.instances()}
    for old, new in case.recorded.items():
        if new in there:
            maps.uids.take(old, new)
    kept = {path.tag or 0 for each in found.originals for path in about.asked.held(each.document)}
    claim = _claim(about.asked, about.by_rule | kept, frozenset(found.left_out), about.given)
    claim = _reviewed(claim, found.originals, about.pixels)
    outcome = verify(found.originals, found.published, claim, maps=maps, service=found.service)
    return Attestation.of(outcome, len(found.published))


def _read(case: Case, doors: Doors, about: About, searches: Searches) -> _Subject:
    found = _Subject()
    for unit, state in case.units:
        source = unit.members[0]
        history = list(_history(doors.own, source.id, up_to=source.version))
        if not history:
            continue
        document = history[-1].document
        if identity(document, about.given.aliases)[0] != case.known_by:
            raise StoreError(
                f"Image set {source.id} is about another subject than the catalogue says.",
                hint="the catalogue was changed: `curator purge` it, and verify again",
            )
        found.originals += history
        found.left_out |= _left_out(unit, document)
        published = [state.id_of(name) for name in unit.made]
        for name in unit.made:
            found.published += _history(doors.of(unit, name), state.id_of(name), source=source.id)
        there = doors.of(unit, next(iter(unit.made)))
        found.service += searches.checks(there, document, published)
        found.service += working_copies(unit, state, there)
        seen = looked_at(document, frozenset(about.given.cleared), about.pixels)
        last = {held.image_set: held for held in found.published}
        for name in unit.made:
            if (held := last.get(state.id_of(name))) is not None:
                found.service += beside_pixels(doors.of(unit, name), held, seen)
    return found


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


def _claim(
    asked: Deidentification,
    by_rule: frozenset[int],
    left_out: frozenset[str],
    given: Given,
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
    said: dict[tuple[str, tuple[str, ...]], bool] = {}
    for held in originals:
        for _, sop, instance in held.document.instances():
            if (decision := pixels.of(sop, instance.frames)) is not None:
                said[sop, pixel_sums(instance)] = decision.verdict is Verdict.CLEAR
    return replace(claim, reviewed=said)
