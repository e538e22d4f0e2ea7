"""What a check is: a code, a name that says the pattern caught, a severity, prose, cases, and a function.

The prose is the docstring of the check's module, in four sections (`SECTIONS`); documentation and
``rules explain CODE`` are made from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from curator.checks.cases import Case
from curator.checks.view import SetFacts, View
from curator.errors import UsageError
from curator.findings import Finding, Severity
from curator.imageset import ElementPath, ImageSetMetadata

SECTIONS: Final = ("What it does", "Why is this bad?", "Example", "Fix safety")


@dataclass(frozen=True, slots=True)
class Subject:
    """One image set with its document, for checks that look at one at a time. ``today`` is ``YYYYMMDD``."""

    facts: SetFacts
    doc: ImageSetMetadata
    today: str


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


class Tally:
    """Gathers one problem over many instances into one finding.

    The first place is shown, and in how many instances it is.
    """

    def __init__(self, code: str, severity: Severity, subject: Subject) -> None:
        self.code = code
        self.severity = severity
        self.subject = subject
        self._found: dict[tuple[str, str], tuple[ElementPath, list[str], set[str]]] = {}

    def add(self, path: ElementPath, message: str, shown: str = "") -> None:
        """Note the problem ``message`` at ``path``; ``shown`` is the value, as evidence."""
        key = (str(path.generic()), message)
        if key not in self._found:
            self._found[key] = (path, [], set())
        _, values, instances = self._found[key]
        if shown and len(values) < 5 and shown not in values:
            values.append(shown)
        instances.add(path.instance)

    def findings(self) -> Iterator[Finding]:
        """Yield one finding for each problem."""
        total = self.subject.doc.instance_count
        for (_, message), (path, values, instances) in self._found.items():
            count = f" in {len(instances):,} of {total:,} instances" if path.instance and total > 1 else ""
            yield Finding(
                self.code,
                self.severity,
                f"{_place(path)}: {message}{count}",
                (self.subject.facts.ref,),
                path,
                tuple(("value", value) for value in values),
            )


def _place(path: ElementPath) -> str:
    return "/".join(str(step) for step in path.steps if isinstance(step, str)) or str(path.level)
