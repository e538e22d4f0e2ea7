"""Hold de-identified publications against their originals, over every version, with `curator.verify`.

`verify` of a campaign says that what is there is what was planned; this says that what was planned is right. It
believes neither the plan nor the engine: it reads original and published documents back from the service, of one
subject at a time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from curator.campaign.attestation import Attestation
from curator.campaign.cases import Case, cases
from curator.campaign.elsewhere import Doors
from curator.campaign.journal import Campaign
from curator.campaign.proving import About, proved
from curator.campaign.service_checks import Searches
from curator.deid.decisions import Decisions
from curator.deid.pixelreview import PixelDecisions
from curator.deid.ruled import Deidentification
from curator.deid.taglist import PrivateList, kept_keys
from curator.plan.importing import OF_THE_FILE
from curator.plan.lines import Given
from curator.project import write_private
from curator.verify import Maps

if TYPE_CHECKING:
    from curator.healthimaging import HealthImaging

KEPT: Final = "attestation.json"
"""Where a campaign's folder keeps what was found; no values."""

Elsewhere: TypeAlias = Callable[[About, Iterable[Case]], Iterator[tuple[Attestation, Maps]]]
"""Proves cases in other places, each by itself: what was found, and the maps that it was found with, in order."""


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
    elsewhere: Elsewhere | None = None,
) -> Attestation:
    """Verify every publication of the campaign that is done, subject by subject, and keep what was found.

    What the plan was made with (aliases, cleared pixels, decisions, lists of private elements) stands in the plan; the
    arguments serve plans that do not say it. ``elsewhere`` proves subjects in other places than here.

    Identifiers are gathered from the campaign's image sets in all their versions, and from what else the catalogue
    holds of the subjects. Each version read is a touch. Raises ServiceError when the service cannot be read.
    """
    given = campaign.plan.header.given or Given(
        aliases=dict(aliases or {}),
        cleared=tuple(cleared),
        decisions=tuple(
            (each.element, each.vr, each.value, each.decision, each.replacement) for each in decisions or ()
        ),
        safe_private=tuple(kept_keys((*asked.private, *verdicts))),
    )
    about = About(asked, given, _by_rule(campaign, asked), pixels)
    made = Attestation(asked.name, asked.profile.table.edition, list(asked.profile.codes))
    with Doors(campaign, imaging) as doors:
        found = cases(campaign, imaging, given.aliases)
        for part in _spread(found, doors, about, elsewhere) if elsewhere else _alone(found, doors, about):
            made.take(part)
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


def _alone(found: Iterable[Case], doors: Doors, about: About) -> Iterator[Attestation]:
    searches, maps = Searches(about.asked.profile), Maps()
    for case in found:
        yield proved(case, doors, about, searches, maps)


def _spread(found: Iterable[Case], doors: Doors, about: About, elsewhere: Elsewhere) -> Iterator[Attestation]:
    """Yield what `_alone` yields.

    A proof elsewhere knows nothing of other subjects. Where that mattered (two of them share a replacement, or one
    speaks of another's UIDs) it is made here once more, with the maps of all before it.
    """
    searches, maps = Searches(about.asked.profile), Maps()
    waiting: deque[Case] = deque()

    def given() -> Iterator[Case]:
        for case in found:
            waiting.append(case)
            yield case

    for part, own in elsewhere(about, given()):
        case = waiting.popleft()
        yield part if maps.join(own) else proved(case, doors, about, searches, maps)


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
