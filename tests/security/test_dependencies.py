"""What the package brings along: pinned to what was tested, and under licences that its users may combine with ours.

Known vulnerabilities are looked up by `python -m tests.audit`, which asks a server: tests run without a network.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib import metadata

import pytest
from packaging.requirements import Requirement

from tests.tools import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
RUNTIME = [Requirement(text) for text in PROJECT["dependencies"]]
DECLARED = [*RUNTIME, *(Requirement(text) for texts in EXTRAS.values() for text in texts)]

PERMISSIVE = re.compile(
    r"apache|mit\b|bsd|isc|psf|python software foundation|zlib|0bsd|cc0|unlicense|mpl|mozilla|hpnd",
    re.IGNORECASE,
)
LIBRARY = re.compile(r"lgpl|lesser general public", re.IGNORECASE)
"""May be imported, unchanged and replaceable, by a work under another licence."""
STRONG = re.compile(r"\bA?GPL|affero|(?<!lesser )general public", re.IGNORECASE)


@pytest.mark.parametrize("requirement", DECLARED, ids=lambda each: str(each.name))
def test_every_dependency_has_a_least_version(requirement: Requirement) -> None:
    """Or, for tools, the very version; extras of others (``boto3-stubs``) and types follow what they type."""
    if requirement.name.startswith("types-"):
        return
    assert {each.operator for each in requirement.specifier} & {">=", "==", "~="}, requirement


def licence(name: str) -> str:
    """Return all that a distribution declares of its licence."""
    said = metadata.metadata(name)
    classifiers = [each for each in said.get_all("Classifier") or [] if each.startswith("License")]
    declared = [*(said.get_all("License-Expression") or []), *(said.get_all("License") or [])]
    return " ".join([*(each[:200] for each in declared), *classifiers])


def brought_along() -> Iterator[str]:
    """Yield the distributions that installing the package brings, and those that they bring."""
    waiting = [each.name for each in RUNTIME] + [Requirement(text).name for text in EXTRAS["dask"]]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        key = re.sub(r"[-_.]+", "-", name).lower()
        if key in seen:
            continue
        seen.add(key)
        try:
            needed = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue  # not needed on this platform, or the extra is not installed
        yield name
        for text in needed:
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                waiting.append(requirement.name)


def test_licences_may_be_combined_with_apache_2_0() -> None:
    names = list(brought_along())
    assert len(names) > 25
    undeclared = [name for name in names if not licence(name).strip()]
    assert not undeclared
    strong = [name for name in names if STRONG.search(LIBRARY.sub("", licence(name)))]
    assert not strong
    other = [
        name for name in names if not PERMISSIVE.search(licence(name)) and not LIBRARY.search(licence(name))
    ]
    assert not other, {name: licence(name) for name in other}
