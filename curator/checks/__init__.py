"""Checks: what can be wrong in a data store, one file each; pure functions over a `View` of it.

`CHECKS` lists them in the order of their codes: CUR1xx normalization, CUR2xx instances and geometry, CUR3xx values,
CUR4xx references and state, CUR5xx identifier risk.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final

from curator.checks.check import Check, DocumentCheck, StoreCheck, sections, selected, summary
from curator.checks.subject import Subject, Verdict
from curator.checks.view import SetFacts, View
from curator.findings import Finding
from curator.imageset import ImageSetMetadata

Elsewhere = Callable[
    [View, Sequence[SetFacts], str, frozenset[str], Sequence[str]], Iterator[Iterable[Finding]]
]
"""Examines image sets by the checks of these codes; yields the findings of each, in order."""

__all__ = [
    "Check",
    "DocumentCheck",
    "StoreCheck",
    "Subject",
    "View",
    "checks",
    "explain",
    "run",
    "sections",
    "summary",
]

MODULES: Final = (
    "torn_series",
    "series_disagrees",
    "study_disagrees",
    "patient_disagrees",
    "series_under_two_studies",
    "study_under_two_patients",
    "primary_split",
    "flattened",
    "look_alike_patients",
    "duplicate_instance",
    "sop_uid_clash",
    "missing_numbers",
    "slice_gap",
    "duplicate_position",
    "mixed_sop_classes",
    "mixed_frames_of_reference",
    "frame_count",
    "invalid_value",
    "too_long",
    "wrong_vm",
    "unknown_term",
    "contradicting_dates",
    "future_date",
    "malformed_uid",
    "type_1_missing",
    "type_2_absent",
    "escape_character",
    "unresolved_reference",
    "stuck",
    "failed",
    "incomplete_import",
    "orphan_working_copy",
    "stale_publication",
    "identified_after_removal",
    "pixel_risk",
    "unknown_creator",
    "patient_echo",
)
"""The checks' files."""
_VERDICTS_KEPT: Final = 300_000


@cache
def checks() -> tuple[Check, ...]:
    """Return all checks, in the order of their codes."""
    found: list[Check] = [importlib.import_module(f"curator.checks.{name}").CHECK for name in MODULES]
    return tuple(sorted(found, key=lambda check: check.code))


def explain(word: str) -> str:
    """Return what a check does, why, an example and how safe its fix is, as Markdown. `UsageError` if unknown."""
    (check, *_) = selected(checks(), [word], ())
    title = f"# {check.code} {check.name} ({check.severity})"
    parts = [f"## {name}\n\n{text}" if name else text for name, text in sections(check).items()]
    return "\n\n".join([title, *parts]) + "\n"


def run(
    view: View,
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
    *,
    ids: Sequence[str] = (),
    progress: Callable[[int, int], None] = lambda done, total: None,
    cancelled: Callable[[], bool] = lambda: False,
    elsewhere: Elsewhere | None = None,
) -> Iterator[Finding]:
    """Yield what the checks find, those over the whole store first.

    ``select`` and ``ignore`` are codes, beginnings of codes, or names. ``ids`` limits to findings about these image
    sets. What was merged away and waits for `finish` is no part of a group, and its document is examined only where it
    is among ``ids``. One document is read at a time, or documents are examined ``elsewhere``.
    """
    chosen = selected(checks(), select, ignore)
    wanted = frozenset(ids)
    for check in chosen:
        if isinstance(check, StoreCheck):
            for finding in check.run(view):
                if not wanted or any(identifier in wanted for identifier, _ in finding.image_sets):
                    yield finding
    of_documents = [check for check in chosen if isinstance(check, DocumentCheck)]
    if of_documents:
        yield from _documents(view, of_documents, wanted, progress, cancelled, elsewhere)


def _documents(
    view: View,
    chosen: Sequence[DocumentCheck],
    wanted: frozenset[str],
    progress: Callable[[int, int], None],
    cancelled: Callable[[], bool],
    elsewhere: Elsewhere | None,
) -> Iterator[Finding]:
    # A day of grace: the scanner may be where it is tomorrow already.
    today = (datetime.fromtimestamp(view.now, UTC) + timedelta(days=1)).strftime("%Y%m%d")
    torn = frozenset(member.set.id for members in view.torn() for member in members)
    sets = [facts for facts in view.image_sets() if (facts.id in wanted if wanted else not facts.merged_away)]
    if elsewhere is not None:
        found = elsewhere(view, sets, today, torn, [check.code for check in chosen])
    else:
        found = examined(chosen, ((facts, view.document(facts)) for facts in sets), today, torn)
    for number, findings in enumerate(found, 1):
        yield from findings
        progress(number, len(sets))
        if cancelled():
            return


def examined(
    chosen: Sequence[DocumentCheck],
    documents: Iterable[tuple[SetFacts, ImageSetMetadata | None]],
    today: str,
    torn: Container[str],
) -> Iterator[Iterable[Finding]]:
    """Yield for each image set what the checks find in its document; ``today`` is YYYYMMDD."""
    verdicts: dict[tuple[object, ...], Verdict] = {}
    for facts, doc in documents:
        if doc is None:
            yield ()
            continue
        subject = Subject(facts, doc, today, torn=facts.id in torn, verdicts=verdicts)
        yield (finding for check in chosen for finding in check.run(subject))
        if len(verdicts) > _VERDICTS_KEPT:
            verdicts.clear()


def __getattr__(name: str) -> tuple[Check, ...]:
    """Offer ``CHECKS``, loaded when it is first asked for."""
    if name == "CHECKS":
        return checks()
    raise AttributeError(name)
