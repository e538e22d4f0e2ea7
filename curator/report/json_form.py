"""A report as one JSON document, for programs."""

from __future__ import annotations

from dataclasses import fields

import msgspec

from curator.report.evidence import Evidence

FORMAT = 1


def as_json(evidence: Evidence) -> str:
    """Return the evidence as indented JSON with a ``report`` format number."""
    told = {each.name: getattr(evidence, each.name) for each in fields(evidence) if each.name != "rows"}
    encoded = msgspec.json.encode({"report": FORMAT, "verification": evidence.verification, **told})
    return msgspec.json.format(encoded, indent=2).decode() + "\n"
