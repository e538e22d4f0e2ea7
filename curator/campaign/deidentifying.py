"""What every face needs to plan a publication: the project's decisions, the plan's first line, the crosswalk's record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from curator.plan.leftout import OF_INSTANCES, LeftOut, tally

if TYPE_CHECKING:
    from curator.campaign.journal import Campaign
    from curator.campaign.publishing import Published, Publishing
    from curator.deid.decisions import Decisions
    from curator.deid.ruled import Deidentification
    from curator.deid.taglist import PrivateList
    from curator.plan.lines import Given
    from curator.plan.units import Unit
    from curator.project import Project

VERDICTS: Final = "private-verdicts.csv"
"""The project's file of verdicts on private elements."""


def decisions_of(project: Project) -> Decisions | None:
    """Return the project's value decisions, None if there are none."""
    from curator.catalogue.values import read_decisions
    from curator.deid.decisions import Decisions

    path = project.decisions
    if not path.exists():
        return None
    with path.open(newline="", encoding="utf-8") as sheet:
        return Decisions(read_decisions(sheet, path.name))


def verdicts_of(project: Project) -> list[PrivateList]:
    """Return the project's verdicts on private elements."""
    from curator.deid.taglist import read_private_list

    path = project.root / VERDICTS
    return [read_private_list(path.read_text(encoding="utf-8-sig"), path.name)] if path.exists() else []


def open_profile(spec: str) -> Deidentification:
    """Return the bundled profile of this name, or the one in a file."""
    from curator.deid.ruled import load_profile
    from curator.ruleshelf import open_rule_file

    return load_profile(open_rule_file(spec))


def given_of(how: Publishing, spec: str) -> Given:
    """Return what the plan keeps for its proof: people, decisions and lists as they are now, and where the profile is."""
    from pathlib import Path

    from curator.deid.taglist import kept_keys
    from curator.plan.lines import Given
    from curator.ruleshelf import find

    path = Path(spec)
    return Given(
        str(path.resolve()) if path.is_file() else spec,
        sha256(find(spec).read_bytes()).hexdigest(),
        dict(how.aliases),
        tuple(sorted(how.cleared)),
        tuple(
            (each.element, each.vr, each.value, each.decision, each.replacement)
            for each in how.decisions or ()
        ),
        tuple(sorted(kept_keys((*how.asked.private, *how.verdicts)))),
    )


def profile_planned(campaign: Campaign) -> Deidentification | None:
    """Return the profile that a publication was planned with, None for other campaigns.

    `Refused` where its file says something else now: what it said then cannot be held to any more.
    """
    given = campaign.plan.header.given
    if given is None:
        return None
    from curator.errors import Refused
    from curator.ruleshelf import find

    if sha256(find(given.profile).read_bytes()).hexdigest() != given.sha256:
        raise Refused(
            f"The profile {given.profile} says something else than when the publication was planned.",
            hint="put back what the file said then, or publish anew by what it says now",
        )
    return open_profile(given.profile)


def options_of(asked: Deidentification, spec: str) -> Mapping[str, str]:
    """Return what a plan's first line says of the profile; by ``profile`` it is opened again to be attested."""
    return {
        "profile": spec,
        "edition": f"PS3.15 {asked.profile.table.edition}",
        "codes": ", ".join(code for code, _ in asked.profile.codes),
    }


def into_crosswalk(project: Project, campaign: str, found: Published) -> None:
    """Record who becomes whom before anything is published: what is not recorded could never be traced back."""
    from curator.crosswalk import Crosswalk

    Crosswalk.open(project).add(
        campaign, subjects=found.register.pairs, patients=found.pseudonyms.items(), uids=found.uids
    )


def instances_left_out(units: Iterable[Unit], found: Published | None = None) -> tuple[LeftOut, ...]:
    """Return which instances are not published, by SOP class and reason: of the units, and of sets without one."""
    left = [each for unit in units for each in unit.left_out if each.reason in OF_INSTANCES]
    left += [each for _, each in found.refused] if found is not None else []
    return tally(left)
