"""A reviewed plan without what its reviewer excluded: another plan, with a digest of its own."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from curator.campaign.journal import Campaign
from curator.campaign.planfile import PlanFile, write_plan
from curator.errors import Refused
from curator.plan.excluding import Document, Excluded, Exclusion, counted, without
from curator.plan.packing import Payload
from curator.plan.units import Unit

Progress = Callable[[int, int], None]


def amend(
    plan: PlanFile,
    exclusions: Sequence[Excluded],
    target: Path,
    document: Document,
    *,
    progress: Progress = lambda done, total: None,
) -> PlanFile:
    """Write ``plan`` without ``exclusions`` to ``target`` (0600) and return it; units that nothing fits stay as they are.

    ``document`` returns the documents that the plan was made from. Raises `Refused` for an exclusion that fits nothing
    or a part of what belongs together, and when nothing would be left.
    """
    said = counted(plan.units(), exclusions)
    first = msgspec.structs.replace(plan.header, excluded=(*plan.header.excluded, *said), amends=plan.digest)
    payload = Payload(int(plan.header.options.get("payload") or Payload().limit))
    whats = [each.what for each in said]
    together = (
        plan.header.given is not None or "profile" in plan.header.options
    )  # published, or changed in place
    if together and (parts := [each for each in whats if not each.whole_set]):
        what = str(parts[0])
        raise Refused(
            f"{what[:1].upper()}{what[1:]} cannot be taken out alone: a profile's changes belong together, and what one "
            "of them hides would stay readable.",
            hint="leave whole image sets out, or plan again by another profile",
        )
    dropped: list[tuple[str, str]] = []

    def units() -> Iterator[Unit]:
        for done, unit in enumerate(plan.units()):
            progress(done, plan.cost.units)
            kept = without(unit, whats, document, payload=payload, whole=together)
            if kept is not None:
                yield kept
            else:
                dropped.extend((member.id, "a person took it out of the plan") for member in unit.members)

    made = write_plan(target, first, units(), lambda: [*plan.skipped(), *dropped])
    if not made.cost.units:
        target.unlink()
        raise Refused("Nothing would be left of the plan.", hint="leave it as it is, and do not apply it")
    return made


def begin(
    campaign: Campaign, exclusions: Sequence[Excluded], document: Document, progress: Progress
) -> Campaign:
    """Keep a campaign's plan without ``exclusions`` as a campaign of its own, which takes the place of one not begun."""
    project = campaign.project
    target = project.folder("plans") / f"amended-{secrets.token_hex(6)}.jsonl"
    try:
        made = amend(campaign.plan, exclusions, target, document, progress=progress)
        if made.header.given is not None:
            from curator.crosswalk import Crosswalk

            # Who becomes whom was recorded with the whole plan; that this one publishes it is, too.
            Crosswalk.open(project).add(made.digest, subjects={}, patients=(), uids={})
        return Campaign.begin(project, target)
    finally:
        target.unlink(missing_ok=True)


def original_of(campaign: Campaign) -> Campaign:
    """Return the campaign whose plan this one's amends, itself where it amends none, or where that is not kept any more."""
    amended = campaign.plan.header.amends
    if not amended or not (campaign.project.root / "campaigns" / amended / "plan.jsonl").exists():
        return campaign
    return original_of(Campaign.open(campaign.project, amended))


def discard(campaign: Campaign) -> bool:
    """Delete a campaign of which nothing was begun, and return whether that was so."""
    if campaign.ledger_path.exists():
        return False
    shutil.rmtree(campaign.folder)
    return True


def excluded(whats: Sequence[Exclusion], by: str) -> list[Excluded]:
    """Return exclusions with who asked for them, now."""
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return [Excluded(each, by, at) for each in whats]
