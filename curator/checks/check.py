"""What a check is: a code, a name that says the pattern caught, a severity, prose, cases, and a function.

The prose is the docstring of the check's module, in four sections (`SECTIONS`); documentation and
``rules explain CODE`` are made from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from curator.checks.cases import Case
from curator.checks.subject import Subject
from curator.checks.view import View
from curator.errors import UsageError
from curator.findings import Change, Finding, Safety, Severity
from curator.imageset import ElementPath
from curator.printable import plural

SECTIONS: Final = ("What it does", "Why is this bad?", "Example", "Fix safety")


@dataclass(frozen=True, slots=True)
class StoreCheck:
    """A check over the whole data store."""

    code: str
    name: str
    severity: Severity
    prose: str = field(repr=False)
    run: Callable[[View], Iterator[Finding]]
    bad: tuple[Case, ...] = field(default=(), repr=False)
    good: tuple[Case, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class DocumentCheck:
    """A check of one image set's document; all of them share one reading of it."""

    code: str
    name: str
    severity: Severity
    prose: str = field(repr=False)
    run: Callable[[Subject], Iterator[Finding]]
    bad: tuple[Case, ...] = field(default=(), repr=False)
    good: tuple[Case, ...] = field(default=(), repr=False)


Check: TypeAlias = StoreCheck | DocumentCheck


def summary(check: Check) -> str:
    """Return the first sentence of the check's prose."""
    return check.prose.strip().split("\n\n")[0].replace("\n", " ")


def sections(check: Check) -> dict[str, str]:
    """Return the prose by section; "" is what stands before the first heading."""
    found: dict[str, list[str]] = {"": []}
    current = ""
    for line in check.prose.strip().splitlines():
        if line.startswith("## "):
            current = line[3:].strip()
            found[current] = []
        else:
            found[current].append(line)
    return {name: "\n".join(lines).strip() for name, lines in found.items()}


def selected(checks: Iterable[Check], select: Iterable[str], ignore: Iterable[str]) -> list[Check]:
    """Return the checks that codes or names ask for: ``CUR1`` is all that begin so. `UsageError` for an unknown one."""
    checks = list(checks)
    wanted, unwanted = tuple(select), tuple(ignore)
    for word in (*wanted, *unwanted):
        if not any(_named(check, word) for check in checks):
            raise UsageError(f"no check is called {word!r}", hint="`curator rules list` names them")
    return [
        check
        for check in checks
        if (not wanted or any(_named(check, word) for word in wanted))
        and not any(_named(check, word) for word in unwanted)
    ]


def _named(check: Check, word: str) -> bool:
    return check.code.startswith(word.upper()) or check.name == word.lower()


@dataclass(slots=True)
class _Told:
    path: ElementPath
    values: list[str]
    places: set[str]
    changes: list[Change]


class Tally:
    """Gathers one problem over many instances into one finding: the first place is shown, and how many there are."""

    def __init__(self, code: str, severity: Severity, subject: Subject) -> None:
        self.code = code
        self.severity = severity
        self.subject = subject
        self._told: dict[tuple[str, str], _Told] = {}

    def add(self, path: ElementPath, message: str, shown: str = "", change: Change | None = None) -> None:
        """Note the problem ``message`` at ``path``; ``shown`` is the value, as evidence; ``change`` would mend it."""
        told = self._told.setdefault((str(path.generic()), message), _Told(path, [], set(), []))
        if shown and len(told.values) < 5 and shown not in told.values:
            told.values.append(shown)
        told.places.add(path.instance)
        if change is not None:
            told.changes.append(change)

    def findings(self) -> Iterator[Finding]:
        """Yield one finding for each problem."""
        total = self.subject.doc.instance_count
        for (_, message), told in self._told.items():
            many = told.path.instance and total > 1
            count = f" in {len(told.places):,} of {plural(total, 'instance')}" if many else ""
            safe = told.changes and all(change.safety is Safety.SAFE for change in told.changes)
            yield Finding(
                self.code,
                self.severity,
                f"{place(told.path)}: {message}{count}",
                (self.subject.facts.ref,),
                told.path,
                tuple(("value", value) for value in told.values),
                Safety.SAFE if safe else Safety.REVIEW if told.changes else Safety.REPORT_ONLY,
                tuple((self.subject.facts.id, change) for change in told.changes),
            )


def place(path: ElementPath) -> str:
    """Return where an element is in words: its keywords, without indices and UIDs."""
    return "/".join(str(step) for step in path.steps if isinstance(step, str)) or str(path.level)
