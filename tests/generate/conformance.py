"""The manual's table of what the conformance suite shows, made from the marks on its tests (`covers`).

`tests.generate.readme` puts it into the manual.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections import defaultdict
from collections.abc import Iterator

from curator.localstore.model import service_model
from tests import localstore
from tests.localstore.covers import Coverage

OUT_OF_REACH = {
    "AccessDeniedException": "the store knows no permissions; `curator serve` refuses a wrong signature as AWS does",
    "BadRequestException": "the guide does not say when",
    "NotAcceptableException": "the guide does not say when",
}
"""Declared errors that no test can provoke operation by operation, and why."""


def coverage() -> Iterator[Coverage]:
    """Iterate over what the tests of the room say they show, parametrised tests once."""
    for module in pkgutil.iter_modules(localstore.__path__):
        if module.name.startswith("test_"):
            for thing in vars(importlib.import_module(f"tests.localstore.{module.name}")).values():
                yield from getattr(thing, "covered", ())


def table() -> str:
    """Return the table as Markdown: a row an operation."""
    tests: dict[str, int] = defaultdict(int)
    errors: dict[str, set[str]] = defaultdict(set)
    transitions: dict[str, set[str]] = defaultdict(set)
    for shown in coverage():
        tests[shown.operation] += 1
        errors[shown.operation].update(filter(None, [shown.error]))
        transitions[shown.operation].update(filter(None, [shown.transition]))
    lines = [
        "| operation | tests | declared errors shown | not shown | changes of state shown |",
        "|---|---:|---:|---|---|",
    ]
    for name, operation in sorted(service_model().operations.items()):
        reachable = operation.errors - OUT_OF_REACH.keys()
        left = sorted(error.removesuffix("Exception") for error in reachable - errors[name])
        lines.append(
            f"| {name} | {tests[name]} | {len(errors[name] & reachable)} of {len(reachable)}"
            f" | {', '.join(left) or '–'} | {'; '.join(sorted(transitions[name])) or '–'} |"
        )
    notes = "; ".join(f"{error}: {reason}" for error, reason in OUT_OF_REACH.items())
    return "\n".join([*lines, "", f"Not counted: {notes}.", ""])
