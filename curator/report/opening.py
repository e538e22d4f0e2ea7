"""A report's first words: what was done, by whom, whether it is proved, what is left, in plain sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from curator.campaign.attestation import Attestation
from curator.printable import plural
from curator.report.evidence import Evidence

_DID: Final[Mapping[str, tuple[str, str]]] = {
    "update": ("image set was changed in place", "image sets were changed in place"),
    "merge": (
        "series that lay in several image sets was merged",
        "series that lay in several image sets were merged",
    ),
    "split": ("image set was split", "image sets were split"),
    "publish": (
        "image set was published as a copy without what identifies the person; the original was not changed",
        "image sets were published as copies without what identifies the persons; the originals were not changed",
    ),
    "delete": ("image set was deleted", "image sets were deleted"),
}
_ENDED: Final = {"undone": "taken back", "rebuilt": "taken back", "finished": "finished"}


def verdict(found: Evidence) -> tuple[bool | None, str]:
    """Return whether it is proved (None: not tried yet), and that in a few words."""
    if found.ledger_problems:
        return False, "The record of this campaign was changed after it was written: nothing below is proved."
    failed = sum(each.count for each in found.attestation.violations) if found.attestation else 0
    if found.verified_fails or failed:
        return False, "NOT verified: what does not hold is listed below."
    if not found.verified_holds:
        return None, "Not verified yet."
    looks = len(found.attestation.notes) if found.attestation else 0
    wants = f" {plural(looks, 'finding')} should be looked at by a person." if looks else ""
    return True, f"Verified: everything that was checked holds.{wants}"


def opening(found: Evidence) -> Iterator[str]:
    """Yield the first paragraphs."""
    yield " ".join(_done(found))
    yield " ".join(_proved(found))
    yield " ".join(_left(found))


def _done(found: Evidence) -> Iterator[str]:
    if not found.sessions:
        yield "This plan has not been carried out. Once it is:"
    for kind, units in found.kinds.items():
        yield f"{plural(units, *_DID.get(kind, (kind,)))}."
    yield f"The plan holds {plural(found.changes, 'change')} of metadata."
    applied = [each for each in found.sessions if each.verb == "apply"]
    if applied:
        people = " and ".join(dict.fromkeys(each.user for each in applied))
        yield f"It was carried out by {people}, beginning {applied[0].began[:16].replace('T', ' ')} UTC."
    for status, said in _ENDED.items():
        if count := found.statuses.get(status):
            yield f"{plural(count, 'unit')} {'was' if count == 1 else 'were'} {said} since."


def _proved(found: Evidence) -> Iterator[str]:
    if found.verified_holds:
        whole = (
            "all units"
            if found.verified_holds == sum(found.statuses.values())
            else plural(found.verified_holds, "unit")
        )
        yield f"Afterwards {whole} were read back from the data store and are what the plan foretold."
    if found.verified_fails:
        yield f"{plural(found.verified_fails, 'unit')} read back from the data store did not agree with the plan."
    if found.attestation is not None:
        yield _attested(found.attestation)
    if not found.verified_holds and not found.verified_fails:
        yield "Nothing has been read back and compared with the plan yet."


def _attested(made: Attestation) -> str:
    checked = sum(count for count, _ in made.counts.values())
    failed = sum(each.count for each in made.violations)
    outcome = f"{failed:,} FAILED" if failed else "all hold"
    return (
        f"A second program, which shares nothing with the one that made the copies but the DICOM standard, read "
        f"originals and copies of {plural(made.subjects, 'person', 'people')} back and made {plural(checked, 'check')}: {outcome}."
    )


def _left(found: Evidence) -> Iterator[str]:
    left = sum(each.count for each in found.left_out)
    if left:
        yield f"{plural(left, 'change or instance', 'changes and instances')} of the plan's own were left out, for the reasons below."
    if found.skipped:
        yield f"{plural(len(found.skipped), 'image set')} {'was' if len(found.skipped) == 1 else 'were'} left alone, for the reasons below."
    if found.open:
        yield f"{plural(len(found.open), 'unit')} {'is' if len(found.open) == 1 else 'are'} not done."
    if not (left or found.skipped or found.open):
        yield "Nothing that was asked for was left out."
    if found.outside:
        yield "What no program like this can reach is listed under its own heading."
