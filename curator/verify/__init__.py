"""Proof of a de-identified publication against its originals; shares nothing with the engine but the standard's facts.

`verify` takes one subject's originals (all sets, all versions), the published documents (every version) and the
publication's `Claim`, and returns a `Verification`: violations without values, their evidence apart, a count of
each check, MIDI-B's table, what needs a person, and what lies outside the tool's reach.
"""

from __future__ import annotations

from curator.verify.claim import BY_RULE, Claim, Decided, Held
from curator.verify.evidence import NOTED, Check, Count, Evidence, ServiceCheck, Verification, Violation
from curator.verify.maps import Maps
from curator.verify.proof import verify

__all__ = [
    "BY_RULE",
    "NOTED",
    "Check",
    "Claim",
    "Count",
    "Decided",
    "Evidence",
    "Held",
    "Maps",
    "ServiceCheck",
    "Verification",
    "Violation",
    "verify",
]
