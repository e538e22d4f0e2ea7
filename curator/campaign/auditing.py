"""Whether one campaign's ledger is whole: its chain, its kept heads, and its keyed hashes held against the plan."""

from __future__ import annotations

from curator.audit import Head, check, entries
from curator.campaign.journal import Campaign
from curator.campaign.sealing import broken_seals
from curator.project import Project


def anchored_heads(project: Project) -> dict[str, list[Head]]:
    """Return the heads that the project's own ledger keeps, by campaign."""
    anchored: dict[str, list[Head]] = {}
    for entry in entries(project.root / "ledger.jsonl"):
        if entry["event"] == "campaign":
            anchored.setdefault(str(entry["campaign"]), []).append(Head.parse(str(entry["head"])))
    return anchored


def heads_of(campaign: Campaign, anchored: dict[str, list[Head]]) -> list[Head]:
    """Return every head that is kept for a campaign: the project's and its own."""
    own = campaign.head
    return [*anchored.get(campaign.id, []), *([own] if own else [])]


def problems_of(campaign: Campaign) -> list[tuple[int, str]]:
    """Return (ledger line, what is wrong with it); nothing where the ledger is whole."""
    heads = [(head.n, head.chain) for head in heads_of(campaign, anchored_heads(campaign.project))]
    found = [(each.line, each.what) for each in check(campaign.ledger_path, heads)]
    return found or list(broken_seals(campaign))
