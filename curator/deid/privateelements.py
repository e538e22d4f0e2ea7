"""The private elements that an archive has, by creator, with who judges each: what a reviewer gives verdicts on."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from curator.deid.decisions import as_text
from curator.deid.private import Refused, creator_of, is_creator, vr_of
from curator.deid.taglist import PrivateList, in_order
from curator.dicom import Json
from curator.dicom.dictionary import is_private, tag_of_key
from curator.imageset import ImageSetMetadata

_SHOWN: Final = 3
_LONGEST: Final = 40
COLUMNS: Final = ("creator", "element", "vr", "count", "stays", "judged", "examples", "verdict", "why")


@dataclass(slots=True)
class PrivateElement:
    """One private element in whichever block it stands; ``element`` is its group and offset, ``0019,xx02``."""

    creator: str
    element: str
    vr: str
    stays: bool
    judged: str
    count: int = 0
    examples: list[str] = field(default_factory=list, repr=False)


def private_elements(
    documents: Iterable[ImageSetMetadata], lists: Iterable[PrivateList]
) -> list[PrivateElement]:
    """Return every private element of the documents, at any depth; creators themselves are left out."""
    safe = in_order(tuple(lists))
    found: dict[tuple[str, str], PrivateElement] = {}
    for doc in documents:
        for node, vrs in _nodes(doc):
            for key, value in node.items():
                tag = tag_of_key(key)
                if tag is None or not is_private(tag) or is_creator(tag):
                    continue
                creator = creator_of(node, tag)
                name = f"{tag >> 16:04X},xx{tag & 0xFF:02X}"
                one = found.get((creator.upper(), name))
                if one is None:
                    vr = vrs.get(key) or vr_of(node, tag) or "UN"
                    said = safe(node, tag, vr)
                    one = PrivateElement(
                        creator, name, vr, bool(said) and not isinstance(said, Refused), said
                    )
                    found[creator.upper(), name] = one
                one.count += 1
                _show(one, value)
    return sorted(found.values(), key=lambda each: (each.creator.upper(), each.element))


def _show(one: PrivateElement, value: Json) -> None:
    text = "a sequence" if _is_sequence(value) else as_text(value)[:_LONGEST]
    if text and text not in one.examples and len(one.examples) < _SHOWN:
        one.examples.append(text)


def _is_sequence(value: Json) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _nodes(doc: ImageSetMetadata) -> Iterator[tuple[Mapping[str, Json], Mapping[str, str]]]:
    stack: list[tuple[Mapping[str, Json], Mapping[str, str]]] = [(doc.patient, {}), (doc.study, {})]
    stack += [(series.dicom, {}) for series in doc.series.values()]
    stack += [(instance.dicom, instance.vrs) for _, _, instance in doc.instances()]
    while stack:
        node, vrs = stack.pop()
        yield node, vrs
        for value in node.values():
            if isinstance(value, list):
                stack.extend((item, {}) for item in value if isinstance(item, dict))


def merged_verdicts(old: str, new: Iterable[Mapping[str, str]]) -> tuple[str, int]:
    """Return a verdicts file with new rows in place of the old of their element, and how many changed or came.

    Rows have the columns of `curator.deid.taglist.VERDICT_COLUMNS`.
    """
    from curator.deid.taglist import VERDICT_COLUMNS

    rows = {_key(row): row for row in csv.DictReader(io.StringIO(old, newline=""))} if old else {}
    changed = 0
    for row in new:
        before = rows.get(_key(row))
        if before is None or before.get("verdict") != row["verdict"]:
            rows[_key(row)] = dict(row)
            changed += 1
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, VERDICT_COLUMNS, extrasaction="ignore", restval="")
    writer.writeheader()
    writer.writerows(rows[key] for key in sorted(rows))
    return out.getvalue(), changed


def _key(row: Mapping[str, str]) -> tuple[str, str]:
    return row["creator"].strip().upper(), row["element"].strip().upper()
