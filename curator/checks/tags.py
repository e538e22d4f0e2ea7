"""The tags that curator puts on image sets it makes, and what they say."""

from __future__ import annotations

from typing import Final

from curator.checks.view import SetFacts

WORKING_COPY: Final = "curator:working-copy"
"""On a set that is being worked on: ``<imageSetId>/<versionId>`` of its source. It goes when the campaign ends."""
PUBLISHED_FROM: Final = "curator:published-from"
"""On a published set: ``<imageSetId>/<versionId>`` of its source."""
MERGED_INTO: Final = "curator:merged-into"
"""On a set whose instances were merged into the one of this id and that waits for ``finish``."""

OURS: Final = (WORKING_COPY, PUBLISHED_FROM)


def is_ours(facts: SetFacts) -> bool:
    """Tell whether curator made the set, so that it repeats instances on purpose."""
    return any(tag in (facts.tags or {}) for tag in OURS)
