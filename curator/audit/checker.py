"""Checks a ledger against the format in `curator.audit` and against heads kept elsewhere.

Written from the format alone: it imports nothing of the writer, so that one mistake cannot hide in both.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_LINE = re.compile(rb'(\{"n":([1-9][0-9]*),.*),"chain":"([0-9a-f]{64})"\}', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is not as the format or a head says; ``line`` counts from 1."""

    line: int
    what: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.what}"


def check(path: Path, heads: Iterable[tuple[int, str]] = ()) -> list[Problem]:
    """Return what is wrong with the ledger at ``path``; an empty list says it is whole up to every head.

    ``heads`` are (n, chain) pairs from reports, campaigns or mails. Reading goes on after a broken line, so
    that the list says how far the damage reaches.
    """
    wanted: dict[int, set[str]] = {}
    for n, chain in heads:
        wanted.setdefault(n, set()).add(chain)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        content = b""
    problems: list[Problem] = []
    previous = b"0" * 64
    lines = content.split(b"\n")
    unfinished = lines.pop()
    for number, line in enumerate(lines, 1):
        found, problem = _check_line(number, line, previous)
        if problem:
            problems.append(Problem(number, problem))
        if found:
            previous = found
        for chain in wanted.pop(number, ()):
            if found is None or found.decode() != chain:
                problems.append(
                    Problem(number, "a head that was kept elsewhere does not agree with this line")
                )
    if unfinished:
        problems.append(Problem(len(lines) + 1, "the last line has no end"))
    for n in sorted(wanted):
        problems.append(Problem(n, f"cut off: a head names line {n}, the ledger has {len(lines)}"))
    return problems


def _check_line(number: int, line: bytes, previous: bytes) -> tuple[bytes | None, str]:
    """Return the line's own chain value, and what is wrong with the line ("" if nothing)."""
    match = _LINE.fullmatch(line)
    if not match:
        return None, "not a line of a ledger"
    body, n, chain = match[1], int(match[2]), match[3]
    if n != number:
        return chain, f"its number is {n}"
    if hashlib.sha256(previous + body).hexdigest().encode() != chain:
        return chain, "the chain is broken: this line or the one before was changed"
    try:
        json.loads(line)
    except ValueError:
        return chain, "not JSON"
    return chain, ""
