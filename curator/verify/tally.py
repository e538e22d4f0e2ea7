"""Collect what checks find, like findings as one, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from curator.imageset import ElementPath
from curator.verify.claim import Held
from curator.verify.evidence import NOTED, Check, Count, Evidence, ServiceCheck, Verification, Violation


@dataclass(slots=True)
class Tally:
    """Counts of checks made and failed, and the first place of each kind of failure."""

    checked: Counter[Check] = field(default_factory=Counter)
    failed: Counter[Check] = field(default_factory=Counter)
    _first: dict[tuple[Check, str, str, str, str], Violation] = field(default_factory=dict)
    _times: Counter[tuple[Check, str, str, str, str]] = field(default_factory=Counter)
    _evidence: dict[tuple[Check, str, str, str, str], Evidence] = field(default_factory=dict)

    def passed(self, check: Check) -> None:
        """Count a check that held."""
        self.checked[check] += 1

    def fail(
        self,
        check: Check,
        held: Held,
        path: ElementPath,
        message: str,
        original: object = "",
        published: object = "",
    ) -> None:
        """Count a check that did not hold, and keep its first place with its values."""
        self.checked[check] += 1
        self.failed[check] += 1
        kind = (check, held.image_set, held.version, _generic(path), message)
        self._times[kind] += 1
        if kind not in self._first:
            place = held.document.anonymous(path)
            self._first[kind] = Violation(check, held.image_set, held.version, place, message)
            self._evidence[kind] = Evidence(str(original)[:2000], str(published)[:2000])

    def service(self, made: Iterable[ServiceCheck]) -> None:
        """Count checks that the caller made over the service."""
        for each in made:
            self.checked[each.check] += 1
            if not each.holds:
                self.failed[each.check] += 1
                kind = (each.check, each.image_set, "", "", each.message)
                self._times[kind] += 1
                self._first.setdefault(kind, Violation(each.check, each.image_set, "", "", each.message))

    def outcome(self, weak_terms: int) -> Verification:
        """Return everything found so far."""
        found = {kind: replace(first, count=self._times[kind]) for kind, first in self._first.items()}
        return Verification(
            tuple(each for each in found.values() if each.check not in NOTED),
            tuple(each for each in found.values() if each.check in NOTED),
            {check: Count(made, self.failed[check]) for check, made in self.checked.items()},
            weak_terms,
            {found[kind]: evidence for kind, evidence in self._evidence.items()},
        )


def _generic(path: ElementPath) -> str:
    return f"{path.level}/{'/'.join(path.keys)}"
