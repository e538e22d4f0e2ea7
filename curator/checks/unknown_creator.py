"""Private elements of a creator that nobody knows.

## What it does
Finds private creators that neither PS3.15 Table E.3.10-1 nor pydicom's private dictionary lists, and private elements
whose block no creator has reserved.

## Why is this bad?
What they hold cannot be judged: names and numbers have been found in them. `deidentify` removes them unless the
project has decided otherwise.

## Example
(0099,0010) "HOSPITAL TOOLS" with a person's name in (0099,1001).

## Fix safety
Report only: decide with `curator values`, or load a knowledge base.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from curator.checks._creators import CREATORS
from curator.checks.cases import case, document, instance
from curator.checks.check import DocumentCheck, Tally
from curator.checks.subject import Subject
from curator.dicom import Json
from curator.findings import Finding, Severity

CODE = "CUR503"
_PRIVATE_KEY: Final = re.compile(r"[0-9A-F]{3}[13579BDF][0-9A-F]{4}")


@cache
def _known() -> frozenset[str]:
    return frozenset(CREATORS.splitlines())


def run(subject: Subject) -> Iterator[Finding]:
    """Yield one finding a creator, and one a group with elements that belong to none."""
    severity = Severity.WARNING if subject.deidentified else Severity.NOTE
    tally = Tally(CODE, severity, subject)
    for place, found in subject.images():
        for key, creator, elements in _creators(found.dicom):
            if creator is None:
                tally.add(place.child(key), f"{elements} private elements of no creator")
            elif creator.strip().upper() not in _known():
                tally.add(
                    place.child(key), f"{elements} private elements of a creator that is not known", creator
                )
    yield from tally.findings()


def _creators(dicom: Mapping[str, Json]) -> Iterator[tuple[str, str | None, int]]:
    """Yield (key, creator or None, number of elements) of each private block in use."""
    blocks: dict[tuple[int, int], list[str]] = defaultdict(list)
    creators: dict[tuple[int, int], tuple[str, str]] = {}
    for key, value in dicom.items():
        if not _PRIVATE_KEY.fullmatch(key):
            continue
        group, element = int(key[:4], 16), int(key[4:], 16)
        if 0x10 <= element <= 0xFF:
            text = value[0] if isinstance(value, list) and len(value) == 1 else value
            if isinstance(text, str) and text.strip():
                creators[group, element] = key, text
        elif element > 0xFF:
            blocks[group, element >> 8].append(key)
    for block, keys in blocks.items():
        key, creator = creators.get(block, (keys[0], None))
        yield key, creator, len(keys)


_PRIVATE = {"00990010": "LO", "00991001": "LO"}

CHECK = DocumentCheck(
    CODE,
    "unknown-creator",
    Severity.NOTE,
    __doc__,
    run,
    bad=(
        case(
            "an unknown creator",
            document(instance(1, _PRIVATE, more={"00990010": "NOBODY KNOWS", "00991001": "x"})),
        ),
        case("no creator", document(instance(1, _PRIVATE, more={"00991001": "x"}))),
    ),
    good=(
        case(
            "a known creator",
            document(instance(1, _PRIVATE, more={"00090010": "GEMS_IDEN_01", "00091001": "x"})),
        ),
        case(
            "a reserved block without elements",
            document(instance(1, _PRIVATE, more={"00990010": "NOBODY KNOWS"})),
        ),
    ),
)
