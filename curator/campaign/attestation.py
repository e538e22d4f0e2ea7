"""What holding publications against their originals found: kept by a campaign, told by its report. No values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from curator.verify import Verification, Violation


class Finding(msgspec.Struct, frozen=True):
    """One thing that does not hold, or that needs a person: where and what, no values."""

    check: str
    image_set: str
    version: str
    place: str
    message: str
    count: int = 1


class Attestation(msgspec.Struct):
    """What was found over all subjects of a campaign, or over some of them."""

    profile: str = ""
    edition: str = ""
    codes: list[tuple[str, str]] = []
    subjects: int = 0
    versions: int = 0
    violations: list[Finding] = []
    notes: list[Finding] = []
    counts: dict[str, tuple[int, int]] = {}
    """Check → (made, failed)."""
    midi_b: dict[str, tuple[int, int]] = {}
    """MIDI-B's action → (passed, failed)."""
    weak_terms: int = 0
    outside: list[str] = []

    @property
    def holds(self) -> bool:
        """Whether everything that can be proved holds."""
        return not self.violations

    @classmethod
    def of(cls, found: Verification, versions: int) -> Attestation:
        """Return what was found of one subject, published in so many versions."""
        return cls(
            subjects=1,
            versions=versions,
            violations=list(_findings(found.violations)),
            notes=list(_findings(found.notes)),
            counts={str(check): (count.checked, count.failed) for check, count in found.counts.items()},
            midi_b={action: (passed, failed) for action, passed, failed, _ in found.midi_b()},
            weak_terms=found.weak_terms,
            outside=list(found.outside),
        )

    def take(self, part: Attestation) -> None:
        """Take in what was found of further subjects."""
        self.subjects += part.subjects
        self.versions += part.versions
        self.violations += part.violations
        self.notes += part.notes
        for mine, theirs in ((self.counts, part.counts), (self.midi_b, part.midi_b)):
            for name, (one, other) in theirs.items():
                before = mine.get(name, (0, 0))
                mine[name] = (before[0] + one, before[1] + other)
        self.weak_terms += part.weak_terms
        self.outside = part.outside or self.outside


def _findings(violations: Iterable[Violation]) -> Iterator[Finding]:
    for each in violations:
        yield Finding(str(each.check), each.image_set, each.version, each.place, each.message, each.count)
