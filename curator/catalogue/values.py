"""Every distinct value by element path and VR: what a curator decides once instead of a thousand times.

The key of a value is the path without indices, the VR, and the exact value (design: "a value decision's key").
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TextIO

from curator.deid.decisions import WORDS, Decision, as_text, objection
from curator.dicom import Json
from curator.errors import UsageError
from curator.imageset.path import ElementPath

if TYPE_CHECKING:
    from curator.imageset import ImageSetMetadata

OPAQUE: Final = frozenset(["SQ", "OB", "OW", "OD", "OF", "OL", "OV", "UN", "UI"])
"""VRs left out unless asked for: sequences are walked into, bulk data shows nothing, UIDs are all distinct."""
_SHOWN_SETS: Final = 3


@dataclass(slots=True)
class DistinctValue:
    """One value of one element: in how many instances (1 for a level's element) and in which image sets."""

    element: str
    vr: str
    value: str = field(repr=False)
    count: int = 0
    image_sets: int = 0
    examples: list[str] = field(default_factory=list)
    would: str = field(default="", repr=False)
    """What a profile would do with it, where one was asked."""

    @property
    def key(self) -> tuple[str, str, str]:
        """What a decision about it is keyed by."""
        return self.element, self.vr, self.value


def distinct(
    documents: Iterable[tuple[str, ImageSetMetadata]],
    element: str | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> list[DistinctValue]:
    """Gather the distinct values of (image set id, document) pairs, most frequent first within an element.

    ``element``: a keyword, 8 hex digits, or a path; None gathers all but `OPAQUE` ones.
    """
    found: dict[tuple[str, str, str], DistinctValue] = {}
    for identifier, doc in documents:
        if stop():
            break
        here: set[tuple[str, str, str]] = set()
        vrs: dict[str, str] = {}
        for path, value in _elements(doc, element):
            generic = str(path.generic())
            vr = vrs.get(generic) or vrs.setdefault(generic, doc.vr_of(path))
            if vr == "SQ" or (element is None and vr in OPAQUE):
                continue
            key = (generic, vr, as_text(value))
            entry = found.get(key) or found.setdefault(key, DistinctValue(*key))
            entry.count += 1
            if key not in here:
                here.add(key)
                entry.image_sets += 1
                if len(entry.examples) < _SHOWN_SETS:
                    entry.examples.append(identifier)
    return sorted(found.values(), key=lambda each: (each.element, each.vr, -each.count, each.value))


def _elements(doc: ImageSetMetadata, element: str | None) -> Iterator[tuple[ElementPath, Json]]:
    if element is None:
        yield from doc.elements()
        return
    wanted = element.replace(" ", "")
    if "/" in wanted or "[" in wanted:
        from curator.imageset import parse_path

        yield from doc.find(parse_path(wanted).generic())
        return
    for path, value in doc.elements():
        if path.key == wanted:
            yield path, value


# ── CSV ──────────────────────────────────────────────────────────────────────────────────────────────────

COLUMNS: Final = (
    "element",
    "vr",
    "value",
    "count",
    "image_sets",
    "examples",
    "would",
    "decision",
    "replacement",
    "why",
)
"""The columns of the sheet that people fill in; `read_decisions` reads the first three and the last three."""
KEPT: Final = ("element", "vr", "value", "decision", "replacement", "by", "when", "why")
"""The columns of the project's decisions."""
_RISKY: Final = ("=", "+", "-", "@", "\t", "\r", "'")


def guarded(text: str) -> str:
    """Return text that a spreadsheet takes as text: one that could be read as a formula gets a leading quote.

    A text that begins with a quote gets one too, so that `unguarded` is exact.
    """
    return f"'{text}" if text.startswith(_RISKY) else text


def unguarded(text: str) -> str:
    """Return what `guarded` was given."""
    return text[1:] if text.startswith("'") and text[1:].startswith(_RISKY) else text


def write_csv(
    values: Iterable[DistinctValue],
    out: TextIO,
    decided: Mapping[tuple[str, str, str], Decision] | None = None,
) -> int:
    """Write the sheet of values, with what was decided of them before; return the number of rows."""
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    count = 0
    for count, each in enumerate(values, 1):  # noqa: B007
        row = (
            each.element,
            each.vr,
            each.value,
            str(each.count),
            str(each.image_sets),
            " ".join(each.examples),
            each.would,
            *_word((decided or {}).get(each.key)),
        )
        writer.writerow([guarded(cell) for cell in row])
    return count


def _word(decision: Decision | None) -> tuple[str, str, str]:
    return (decision.decision, decision.replacement, decision.why) if decision is not None else ("", "", "")


def read_decisions(source: TextIO, name: str) -> list[Decision]:
    """Read a filled-in sheet; rows without a decision are left out. `UsageError` lists every wrong row.

    Columns ``by``, ``when`` and ``why`` are read where they are there.
    """
    reader = csv.DictReader(source)
    missing = [
        column for column in ("element", "vr", "value", "decision") if column not in (reader.fieldnames or ())
    ]
    if missing:
        raise UsageError(
            f"{name} has no column {', '.join(missing)}", hint="`curator values --csv FILE` writes a sheet"
        )
    wrong: list[str] = []
    found: dict[tuple[str, str, str], Decision] = {}
    for row in reader:
        word = (row["decision"] or "").strip().lower()
        if not word:
            continue
        element, vr = unguarded(row["element"] or ""), row["vr"] or ""
        value, replacement, by, when, why = (
            unguarded(row.get(column) or "") for column in ("value", "replacement", "by", "when", "why")
        )
        decision = Decision(element, vr, value, word, replacement, by, when, why)
        if word not in WORDS:
            wrong.append(f"  {name}:{reader.line_num}: the decision is one of {', '.join(WORDS)}")
        elif (reason := objection(element, vr)) is not None:
            wrong.append(f"  {name}:{reader.line_num}: expected {reason}")
        elif (word == "replace") != bool(replacement):
            wrong.append(
                f"  {name}:{reader.line_num}: a replacement belongs to the decision replace, and only there"
            )
        elif _said(found.get(decision.key, decision)) != _said(decision):
            wrong.append(f"  {name}:{reader.line_num}: the same value was decided otherwise above")
        else:
            found[decision.key] = decision
    if wrong:
        raise UsageError("\n".join([f"{name} holds decisions that cannot be taken:", *wrong]))
    return list(found.values())


def merge_decisions(old: Iterable[Decision], new: Iterable[Decision]) -> tuple[list[Decision], int]:
    """Return all decisions, a new one in place of the old of its key, and how many changed or came.

    One that says the same as before stays as it was: who decided first, and when.
    """
    merged = {each.key: each for each in old}
    changed = 0
    for each in new:
        before = merged.get(each.key)
        if before is None or _said(before) != _said(each):
            merged[each.key] = each
            changed += 1
    return sorted(merged.values(), key=lambda each: each.key), changed


def _said(decision: Decision) -> tuple[str, str]:
    return decision.decision, decision.replacement


def write_decisions(decisions: Iterable[Decision], out: TextIO) -> None:
    """Write the project's decisions as CSV."""
    writer = csv.writer(out)
    writer.writerow(KEPT)
    for each in decisions:
        writer.writerow([guarded(getattr(each, column)) for column in KEPT])
