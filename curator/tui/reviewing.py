"""Reviewing a plan, in `Work` threads only: what is taken out of it, and put back, before it is applied."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from curator.errors import Refused

if TYPE_CHECKING:
    from curator.campaign.journal import Campaign
    from curator.plan.excluding import Excluded, Exclusion
    from curator.tui.session import Session
    from curator.tui.work import Ticket


def exclude(
    session: Session, spec: str, campaign: Campaign, whats: Sequence[Exclusion], ticket: Ticket
) -> Campaign:
    """Return the campaign of the plan without ``whats`` and what was excluded before; it takes this one's place."""
    from curator.campaign.amending import excluded, original_of
    from curator.campaign.identity import who

    person = who(spec)
    known = campaign.plan.header.excluded if original_of(campaign).id != campaign.id else ()
    new = [each for each in whats if each not in {one.what for one in known}]
    told = [*known, *excluded(new, person.get("arn") or person["user"])]
    return _instead(session, campaign, told, ticket)


def put_back(session: Session, campaign: Campaign, whats: Collection[Exclusion], ticket: Ticket) -> Campaign:
    """Return the campaign of the plan without the other exclusions alone; the plan as it was when none is left."""
    from curator.campaign.amending import original_of

    if original_of(campaign).id == campaign.id:
        raise Refused("The plan that it was taken out of is not kept in this project any more.")
    left = [each for each in campaign.plan.header.excluded if each.what not in whats]
    return _instead(session, campaign, left, ticket)


def _instead(session: Session, campaign: Campaign, told: Sequence[Excluded], ticket: Ticket) -> Campaign:
    from curator.campaign.amending import begin, discard, original_of

    whole = original_of(campaign)
    made = begin(whole, told, session.document, ticket.report) if told else whole
    if campaign.id not in (whole.id, made.id):
        discard(campaign)
    return made
