"""Karnak's profile: YAML of ``profileElements``, of which the first that fits an element decides.

Source: Karnak user guide, "Profile". Karnak walks sequences, so rules are nested.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from curator.errors import UsageError
from curator.rulefile.convert.draft import OTHER_SHIFT, Do, Draft, Select, Unmapped, element, name_of
from curator.rulefile.nodes import Items, Node, Scalar, compose
from curator.rulefile.nodes import Mapping as MappingNode
from curator.rulefile.problems import NotRead, Problems

ACTIONS: Final[Mapping[str, Do]] = MappingProxyType(
    {"K": "keep", "X": "remove", "Z": "empty", "D": "dummy", "DDum": "dummy", "U": "remap-uid"}
)
OPTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "clean.pixel.data": "clean-pixel-data",
        "clean.recognizable.visual.features": "clean-recognizable-visual-features",
    }
)
_EXPRESSIONS: Final[Mapping[str, str]] = MappingProxyType(
    {"Keep()": "keep", "Remove()": "remove", "ReplaceNull()": "empty", "UID()": "remap-uid"}
)


def convert(text: str, draft: Draft) -> None:
    """Translate a profile into ``draft``; UsageError if it is no YAML of this kind."""
    problems = Problems()
    try:
        root = compose(text, problems)
    except NotRead:
        first = problems.found[0]
        raise UsageError(f"line {first.line}: found {first.found}; expected {first.expected}") from None
    named = (root.get("profileElements") or root.get("profiles")) if isinstance(root, MappingNode) else None
    listed = named  # Karnak before 0.9 called them profiles
    if not isinstance(root, MappingNode) or not isinstance(listed, Items):
        raise UsageError("a Karnak profile has a list profileElements")
    for mask in _items(root.get("masks")):
        draft.leave(
            mask.line,
            "masks",
            "pixels cannot be changed inside HealthImaging; instances at risk are left out",
        )
    for order, node in enumerate(listed.items):
        if not isinstance(node, MappingNode):
            draft.leave(node.line, "profileElements", "a mapping with name and codename was expected")
            continue
        code = _word(node, "codename")
        source = f"{_word(node, 'name')} ({code})"
        try:
            _element(draft, node, code, source, len(listed.items) - order)
        except Unmapped as why:
            draft.leave(node.line, source, str(why))


def _element(draft: Draft, node: MappingNode, code: str, source: str, priority: int) -> None:
    if code == "basic.dicom.profile":
        draft.silent.add(node.line)  # the profile itself
    elif code in OPTIONS:
        draft.option(OPTIONS[code])
        draft.silent.add(node.line)
    elif _word(node, "condition"):
        raise Unmapped("its condition is a program: write the rule with when")
    elif code in ("action.on.specific.tags", "action.on.privatetags"):
        _tags(draft, node, code, source, priority)
    elif code == "action.on.dates":
        for select in _selected(node) or [{"vr": ["DA", "DT", "AS"], "nested": "true"}]:
            draft.rule(node.line, source, select, _dates(draft, node, source), priority=priority)
    elif code == "action.add.tag":
        for text in _texts(node.get("tags")):
            select = element(text, nested=False, create=True)
            draft.rule(node.line, source, select, {"add": _argument(node, "value")}, priority=priority)
    elif code == "expression.on.tags":
        do = _expression(_argument(node, "expr"))
        draft.rule(node.line, source, _selected(node), do, priority=priority)
    else:
        raise Unmapped(f"the codename {code!r} has no counterpart")


def _tags(draft: Draft, node: MappingNode, code: str, source: str, priority: int) -> None:
    action = _word(node, "action")
    if action not in ACTIONS:
        raise Unmapped(f"the action {action!r} has no counterpart")
    found = _selected(node)
    if not found and code == "action.on.privatetags":
        if action != "X":
            raise Unmapped("name the private elements, or use the option retain-safe-private")
        draft.silent.add(node.line)  # the profile removes private elements
        return
    if not found:
        raise Unmapped("it names no tags")
    draft.rule(node.line, source, found if len(found) > 1 else found[0], ACTIONS[action], priority=priority)


def _dates(draft: Draft, node: MappingNode, source: str) -> Do:
    option = _word(node, "option")
    if option in ("shift", "shift_range"):
        draft.differs(node.line, source, OTHER_SHIFT)
        return {"shift-date": {"keep-weekday": "false"}}
    if option == "date_format":
        kept = {"day": "month", "month_day": "year"}.get(_argument(node, "remove"))
        if kept is not None:
            return {"truncate": kept}
    raise Unmapped(f"the option {option!r} has no counterpart")


def _expression(text: str) -> Do:
    text = text.strip()
    if text in _EXPRESSIONS:
        return _EXPRESSIONS[text]
    replaced = re.fullmatch(r"Replace\(\s*'([^']*)'\s*\)", text)
    if replaced is not None:
        return {"literal": replaced[1]} if replaced[1] else "empty"
    raise Unmapped("an expression is a program: write a rule with template, copy or when")


def _selected(node: MappingNode) -> list[Select]:
    excluded = [_tag(text) for text in _texts(node.get("excludedTags") or node.get("exceptedtags"))]
    found = [_tag(text) for text in _texts(node.get("tags"))]
    return [{**select, "except": excluded} for select in found] if excluded else found


def _tag(text: str) -> Select:
    """Return what selects a tag, a pattern, or a tag inside a sequence: ``(0040,0275).(0020,0010)``."""
    steps = re.findall(r"\(?([0-9A-Fa-f]{4},?[0-9A-Fa-f]{4})\)?", text)
    if "." not in text:
        return element(text)
    if len(steps) != text.count(".") + 1:
        raise Unmapped("a pattern inside a path has no counterpart")
    names = [name_of(step) for step in steps]
    return {"path": "/".join([*(f"{name}[*]" for name in names[:-1]), names[-1]])}


def _items(node: Node | None) -> tuple[Node, ...]:
    return node.items if isinstance(node, Items) else ()


def _texts(node: Node | None) -> list[str]:
    nodes = (node,) if isinstance(node, Scalar) else _items(node)
    return [one.text for one in nodes if isinstance(one, Scalar)]


def _word(node: MappingNode, key: str) -> str:
    found = node.get(key)
    return found.text if isinstance(found, Scalar) else ""


def _argument(node: MappingNode, key: str) -> str:
    arguments = node.get("arguments")
    found = _word(arguments, key) if isinstance(arguments, MappingNode) else ""
    if not found:
        raise Unmapped(f"an argument {key} was expected")
    return found
