"""De-identify a document of 50 MB from gzip to packed calls, beside merely opening it.

Ours is everything from the bytes that the service sends to the calls that it would be sent: parsed, its subject
found, every element of every instance decided, and the changes settled, encoded and packed. Opening it is measured
twice: by our own parser with every instance looked at, and by the standard library. With rules over the profile it is
measured beside the profile alone: where they write, shared treatments are made anew. Times are of the processor.
"""

from __future__ import annotations

import gc
import gzip
import json
import statistics
import time
from collections.abc import Callable
from functools import cache, partial

from curator.deid.engine import Engine
from curator.deid.profile import Profile
from curator.deid.ruled import load_profile
from curator.deid.subject import subject
from curator.imageset import ImageSetMetadata
from curator.imageset.instance import collector_off
from curator.plan import plan_update
from tests.benchmarks import Row
from tests.benchmarks.deidentify import FULL, keyed
from tests.benchmarks.documents import big_document

MEGABYTES, REPEATS, BOUND, RULED = 50.0, 3, 2.5, 1.5
PROFILE = """
version: 1
name: mine
why: a benchmark
profile: {options: [clean-descriptors, '113107', '113111']}
"""
RULES = {
    "a rule on the study": "{id: said, why: x, select: StudyDescription, do: {literal: Seen}}",
    "a rule on every instance": "{id: said, why: x, select: ImageComments, do: {literal: Seen}}",
}


@cache
def _blob() -> bytes:
    return gzip.compress(big_document(megabytes=MEGABYTES), 6)


def _packed() -> None:
    with collector_off():  # as publications are planned
        document = ImageSetMetadata.parse(_blob())
        profile = Profile("research", FULL)
        about = subject([document], profile, keyed)
        assert plan_update(document, Engine(profile, keyed).changes(document, about)).calls


def _ruled(rules: str) -> None:
    with collector_off():
        document = ImageSetMetadata.parse(_blob())
        asked = load_profile(PROFILE + rules)
        about = subject([document], asked.profile, keyed)
        assert plan_update(document, asked.outcome(asked.engine(keyed), document, about).changes).calls


def _opened() -> None:
    for _, _, instance in ImageSetMetadata.parse(_blob()).instances():
        assert instance.dicom


def _read() -> None:
    assert json.loads(gzip.decompress(_blob()))


def _seconds(work: Callable[[], None]) -> float:
    gc.collect()
    begin = time.process_time()
    work()
    return time.process_time() - begin


def run() -> list[Row]:
    """Measure each in turn, so that a busy machine is as busy for all."""
    _blob()
    rules = [f"rules:\n  - {rule}\n" for rule in RULES.values()]
    works: list[Callable[[], None]] = [
        _packed,
        _opened,
        _read,
        *(partial(_ruled, each) for each in ("", *rules)),
    ]
    rounds = [[_seconds(work) for work in works] for _ in range(REPEATS)]
    ours, opened, read, alone, *ruled = (statistics.median(times) for times in zip(*rounds, strict=True))
    return [
        Row(
            f"{MEGABYTES:.0f} MB gzip to packed calls",
            ours,
            theirs,
            "s",
            name,
            f"≤ {BOUND} × opening it",
            ours <= BOUND * theirs,
        )
        for name, theirs in (("ImageSetMetadata, all parsed", opened), ("gunzip and json", read))
    ] + [
        Row(
            f"{MEGABYTES:.0f} MB gzip to packed calls, {name}",
            with_rules,
            alone,
            "s",
            "the profile alone",
            f"≤ {RULED} ×",
            with_rules <= RULED * alone,
        )
        for name, with_rules in zip(RULES, ruled, strict=True)
    ]
