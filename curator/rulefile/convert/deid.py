"""pydicom deid's recipe: lines ``ACTION FIELD [VALUE]`` in ``%header``; filters of pixels in ``%filter``.

Source: pydicom.github.io/deid, "recipe headers", "recipe funcs", "header expanders". Lines act in turn: a later one wins.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

from curator.dicom.dictionary import attribute, attributes, by_keyword
from curator.rulefile.convert.draft import (
    OTHER_SHIFT,
    Do,
    Draft,
    Select,
    Unmapped,
    element,
    lines_of,
    older_name,
)
from curator.rulefile.pattern import Pattern

ACTIONS: Final = ("ADD", "BLANK", "JITTER", "KEEP", "REMOVE", "REPLACE")
_ALL: Final[Select] = {"mask": "xxxxxxxx", "nested": "true"}
_MOST = 900
FUNCTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "dicom_uuid": "remap-uid",
        "pydicom_uuid": "remap-uid",
        "suffix_uuid": "hash",
        "simple_uuid": "hash",
    }
)


def convert(text: str, draft: Draft) -> None:
    """Translate a recipe into ``draft``."""
    section = ""
    fields: dict[str, list[tuple[int, str]]] = {}
    rows: list[tuple[int, str, str]] = []
    for number, line in enumerate(lines_of(text), 1):
        line = line.split("#", 1)[0].strip()
        if not line or line.upper().startswith("FORMAT "):
            continue
        if line.startswith("%"):
            section = line
        elif section.startswith("%fields"):
            name = section.removeprefix("%fields").strip()
            fields.setdefault(name, []).append((number, line))
        elif section == "%header":
            rows.append((number, line, ""))
        elif section.startswith("%labels"):
            continue  # notes about the recipe
        elif section.startswith("%filter"):
            draft.leave(
                number, line, "a filter of pixels: burned-in text is looked for by the profile itself"
            )
        else:
            draft.leave(number, line, f"the section {section or 'before the first %'} has no counterpart")
    for order, (number, line, _) in enumerate(rows, 1):
        try:
            _row(draft, number, line, fields, order)
        except Unmapped as why:
            draft.leave(number, line, str(why))


def _row(
    draft: Draft, number: int, line: str, fields: Mapping[str, list[tuple[int, str]]], order: int
) -> None:
    action, _, rest = line.partition(" ")
    action = action.upper()
    field, _, value = rest.strip().partition(" ")
    if action not in ACTIONS or not field:
        raise Unmapped(f"an action ({', '.join(ACTIONS)}) and a field were expected")
    select = _field(field, fields)
    if by_keyword(field) is None and (now := older_name(field)):
        draft.differs(number, line, f"deid knows no element of this name; it is taken for {now}")
    do = _do(draft, number, line, action, value.strip())
    if action == "ADD":
        select = [
            {key: text for key, text in one.items() if key != "nested"} | {"create": "true"} for one in select
        ]
    draft.rule(number, line, select if len(select) > 1 else select[0], do, priority=order)


def _do(draft: Draft, number: int, line: str, action: str, value: str) -> Do:
    if action in ("KEEP", "REMOVE"):
        return action.lower()
    if action == "BLANK":
        return "empty"
    if action == "JITTER":
        draft.differs(number, line, OTHER_SHIFT)
        return {"shift-date": {"keep-weekday": "false"}}
    kind, colon, what = value.partition(":")
    if colon and kind == "deid_func":
        name = what.split(" ")[0]
        if name == "jitter":
            draft.differs(number, line, OTHER_SHIFT)
            return {"shift-date": {"keep-weekday": "false"}}
        if name in FUNCTIONS:
            draft.differs(
                number, line, "the key makes it: the same original gives the same result in every run"
            )
            return FUNCTIONS[name]
        raise Unmapped(f"the function {name} has no counterpart")
    if colon and kind == "func":
        raise Unmapped("a function of your own program; a CSV table can give values: lookup")
    if colon and kind == "var":
        raise Unmapped("a value that your program hands in; a CSV table can give it: lookup")
    if not value:
        raise Unmapped("a value was expected")
    return {"literal": value}


def _field(text: str, fields: Mapping[str, list[tuple[int, str]]]) -> list[Select]:
    """Return what selects a field or its expander."""
    kind, colon, what = text.partition(":")
    if not colon:
        return [dict(_ALL)] if text.lower() == "all" else [element(text)]
    expanders: dict[str, Callable[[str], list[Select]]] = {
        "startswith": lambda word: _keywords(rf"^(?:{re.escape(word)})"),
        "endswith": lambda word: _keywords(rf"(?:{re.escape(word)})$"),
        "contains": _keywords,
        "except": _except,
        "allexcept": _except,
        "select": _selected,
        "fields": lambda name: [one for _, line in fields.get(name, ()) for one in _member(line, fields)],
    }
    if kind not in expanders:
        raise Unmapped(f"the expander {kind} has no counterpart")
    found = expanders[kind](what)
    if not found:
        raise Unmapped("it stands for no element of PS3.6")
    return found


def _member(line: str, fields: Mapping[str, list[tuple[int, str]]]) -> list[Select]:
    word, _, rest = line.partition(" ")
    if word == "FIELD" and not rest.strip().startswith("fields:"):
        return _field(rest.strip(), fields)
    raise Unmapped("a group of fields that is not made of FIELD lines")


def _selected(what: str) -> list[Select]:
    kind, _, value = what.partition(":")
    if kind.lower() == "vr":
        return [{"vr": value.upper(), "nested": "true"}]
    if kind.lower() == "group" and re.fullmatch(r"[0-9A-Fa-f]{4}", value):
        return [{"mask": f"{value}xxxx", "nested": "true"}]
    raise Unmapped(f"a selection by {kind} has no counterpart")


def _except(what: str) -> list[Select]:
    if re.fullmatch(r"\w+", what) and (one := _by_name(what)) is not None:
        return [{**_ALL, "except": one}]
    return [{**_ALL, "except": _keywords(what)}]


def _by_name(what: str) -> Select | None:
    try:
        return element(what)
    except Unmapped:
        return None


def _keywords(pattern: str) -> list[Select]:
    """Return the elements whose keyword a pattern finds, as deid's expanders do."""
    try:
        wanted = Pattern.of(f"(?i){pattern}")
    except ValueError:
        raise Unmapped("a pattern that is no regular expression") from None
    found = [keyword for keyword in _known() if wanted.found(keyword)]
    if len(found) > _MOST:
        raise Unmapped(f"it stands for {len(found):,} elements, which is nearly all")
    return [{"keyword": keyword, "nested": "true"} for keyword in found]


@cache
def _known() -> tuple[str, ...]:
    found = (attribute(tag) for tag in attributes())
    return tuple(
        sorted({one.keyword for one in found if one is not None and one.keyword and one.serviceable})
    )
