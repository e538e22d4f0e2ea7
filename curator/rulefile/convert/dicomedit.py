"""XNAT's DicomEdit 6: one statement a line: assignments, deletions, conditions ``c ? a : b``, calls ``f[…]``.

Source: wiki.xnat.org, "DicomEdit 6 Language Reference". A tag alone means the top level, ``*/`` any depth; statements are
carried out in turn, so a later one wins.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from curator.rulefile.convert.draft import (
    OTHER_SHIFT,
    Do,
    Draft,
    Select,
    Unmapped,
    braces,
    creator,
    element,
    lines_of,
    name_of,
)

_TAG = r"\(\s*[0-9A-Fa-fXx@#]{4}\s*,\s*(?:[0-9A-Fa-fXx@#]{4}|\{[^}]*\}\s*[0-9A-Fa-fXx]{2})\s*\)"
_PATH = re.compile(
    rf"(?:[*+.]\s*/\s*)?{_TAG}(?:\s*\[\s*(?:\d+|%)\s*\])?(?:\s*/\s*{_TAG}(?:\s*\[\s*(?:\d+|%)\s*\])?)*"
)
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
_IGNORED: Final = ("version", "describe", "export")
_SUBJECT: Final = frozenset({"subject", "session", "project"})


class _Script:
    """What the lines so far have said: values of variables, the order of statements."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.variables: dict[str, str] = {}
        self.order = 0


def convert(text: str, draft: Draft) -> None:
    """Translate a script into ``draft``."""
    script = _Script(draft)
    for number, line in enumerate(lines_of(text), 1):
        line = re.sub(r'("(?:[^"\\]|\\.)*")|//.*', lambda found: found[1] or "", line).strip()
        if not line:
            continue
        script.order += 1
        try:
            _statement(script, number, line)
        except Unmapped as why:
            draft.withdraw(number)
            draft.leave(number, line, str(why))


def _statement(script: _Script, number: int, line: str) -> None:
    word = re.match(r"\w+", line)
    if word is not None and word[0] in _IGNORED:
        script.draft.silent.add(number)
        return
    condition, action, otherwise = _conditional(line)
    if condition is None:
        _act(script, number, line, line, None)
        return
    held = _condition(script, condition)
    _act(script, number, line, action, held)
    if otherwise:
        _act(script, number, line, otherwise, {"not": held})


def _conditional(line: str) -> tuple[str | None, str, str]:
    """Split ``condition ? action : otherwise`` outside strings, brackets and ``:=``."""
    at = _outside(line, "?")
    if at < 0:
        return None, line, ""
    rest = line[at + 1 :]
    colon = _outside(rest, ":")
    if colon < 0:
        return line[:at].strip(), rest.strip(), ""
    return line[:at].strip(), rest[:colon].strip(), rest[colon + 1 :].strip()


def _outside(text: str, mark: str) -> int:
    depth, quoted = 0, False
    for at, letter in enumerate(text):
        if letter == '"' and text[at - 1 : at] != "\\":
            quoted = not quoted
        elif not quoted and letter in "[({":
            depth += 1
        elif not quoted and letter in "])}":
            depth -= 1
        elif not quoted and not depth and letter == mark and text[at : at + 2] != ":=":
            return at
    return -1


def _condition(script: _Script, text: str) -> dict[str, object]:
    found = re.fullmatch(rf"({_PATH.pattern})\s*(!=|!~|=|~)\s*(.+)", text)
    if found is None:
        raise Unmapped("a condition that compares one element with a text was expected")
    where: dict[str, object] = {"element": _one_name(found[1])}
    value = _text(script, found[3].strip())
    # DicomEdit's ~ matches all of the value.
    held = (
        {**where, "matches": f"^(?:{value})$"}
        if "~" in found[2]
        else {**where, "equals": {"text": value, "whole": "true"}}
    )
    return {"not": held} if found[2].startswith("!") else held


def _act(script: _Script, number: int, line: str, action: str, when: object) -> None:
    draft = script.draft
    if action == "removeAllPrivateTags":
        draft.silent.add(number)  # the profile removes private elements
        return
    if action.startswith("-"):
        select = _select(action[1:].strip())
        draft.rule(number, line, select, "remove", when=when, priority=script.order)
        return
    assigned = re.fullmatch(rf"({_PATH.pattern}|[A-Za-z_]\w*)\s*:=\s*(.+)", action)
    if assigned is None:
        call = re.match(r"(\w+)\s*\[", action)
        expected = "an assignment, a deletion or a condition was expected"
        raise Unmapped(_CALLS.get(call[1], expected) if call else expected)
    name, value = assigned[1].strip(), assigned[2].strip()
    if not name.startswith(("(", "*", "+", ".")):
        if when is not None:
            raise Unmapped("a variable that is set under a condition")
        script.variables[name] = _text(script, value)
        draft.silent.add(number)
        return
    create = re.fullmatch(_TAG, name) is not None and not re.search(r"[Xx@#{]", name)
    do = _value(script, number, line, name, value)
    makes = create and isinstance(do, dict) and do.keys() & {"literal", "template", "copy"}
    select = _select(name)
    if makes:
        select = {**select, "create": "true"}
    draft.rule(number, line, select, do, when=when, priority=script.order)


def _select(path: str) -> Select:
    if _PATH.fullmatch(path) is None:
        raise Unmapped("a tag path was expected")
    nested = path.lstrip().startswith(("*", "+"))
    path = re.sub(r"^\s*[*+.]\s*/\s*", "", path)
    steps = re.findall(rf"({_TAG})\s*(?:\[\s*(\d+|%)\s*\])?", path)
    if len(steps) == 1:
        return _step(steps[0][0], nested)
    if nested:
        raise Unmapped("a path below an element at any depth has no counterpart")
    parts = []
    for tag, index in steps[:-1]:
        if re.search(r"[Xx@#{]", tag):
            raise Unmapped("a pattern inside a path has no counterpart")
        parts.append(f"{name_of(tag)}[{index if index.isdigit() else '*'}]")
    return {"path": "/".join([*parts, name_of(steps[-1][0])])}


def _step(tag: str, nested: bool) -> Select:
    private = re.fullmatch(r"\(\s*([0-9A-Fa-f]{4})\s*,\s*\{([^}]*)\}\s*([0-9A-Fa-f]{2})\s*\)", tag)
    if private is not None:
        return {
            **creator(private[2].strip(), private[1], private[3]),
            **({"nested": "true"} if nested else {}),
        }
    if "@" in tag or "#" in tag:
        raise Unmapped("@ and # (even and odd digits) have no counterpart; x stands for any digit")
    return element(re.sub(r"\s", "", tag), nested=nested)


def _one_name(path: str) -> str:
    steps = re.findall(_TAG, path)
    if len(steps) != 1 or path.strip()[:1] in "*+" or re.search(r"[Xx@#{]", path):
        raise Unmapped("a condition on an element inside a sequence has no counterpart")
    return name_of(re.sub(r"\s", "", steps[0]))


def _text(script: _Script, value: str) -> str:
    found = _STRING.fullmatch(value)
    if found is not None:
        return re.sub(r"\\(.)", r"\1", found[1])
    if re.fullmatch(r"-?\d+(\.\d+)?", value):
        return value
    if value in script.variables:
        return script.variables[value]
    raise Unmapped(f"the value of {value[:40]} is known to XNAT only")


# ── values ───────────────────────────────────────────────────────────────────────────────────────────────


def _value(script: _Script, number: int, line: str, name: str, value: str) -> Do:
    call = re.fullmatch(r"(\w+)\s*\[(.*)\]", value, re.DOTALL)
    if call is not None and not _PATH.fullmatch(value):
        known = FUNCTIONS.get(call[1])
        if known is None:
            raise Unmapped(_CALLS.get(call[1], f"the function {call[1]} has no counterpart"))
        return known(script, number, line, name, _split(call[2]))
    if value in _SUBJECT and value not in script.variables:
        if value == "subject":
            script.draft.differs(
                number, line, "the subject's pseudonym stands where XNAT writes its own label"
            )
            return {"pseudonym": "subject"}
        raise Unmapped(f"XNAT's {value} is known to XNAT only: write a literal")
    if _PATH.fullmatch(value):
        return "keep" if value == name else {"copy": _one_name(value)}
    text = _text(script, value)
    return {"literal": text} if text else "empty"


def _split(text: str) -> list[str]:
    parts, rest = [], text.strip()
    while rest:
        at = _outside(rest, ",")
        parts.append(rest[:at].strip() if at >= 0 else rest.strip())
        rest = rest[at + 1 :] if at >= 0 else ""
    return parts


Function = Callable[[_Script, int, str, str, list[str]], Do]


def _own(name: str, argument: str) -> bool:
    return re.sub(r"\s", "", name).lower() == re.sub(r"\s", "", argument).lower()


def _uid(script: _Script, number: int, line: str, name: str, args: list[str]) -> Do:
    if len(args) == 1 and _own(name, args[0]):
        return "remap-uid"
    raise Unmapped("only the UID of the element itself is remapped")


def _shift(script: _Script, number: int, line: str, name: str, args: list[str]) -> Do:
    if not args or not _own(name, args[0]):
        raise Unmapped("the shifted date of another element has no counterpart")
    script.draft.differs(number, line, OTHER_SHIFT)
    return {"shift-date": {"keep-weekday": "false"}}


def _case(to: str) -> Function:
    def change(script: _Script, number: int, line: str, name: str, args: list[str]) -> Do:
        return _after(name, args[0] if args else "", {"case": to})

    return change


def _after(name: str, argument: str, do: dict[str, object]) -> Do:
    if _own(name, argument):
        return do
    return [{"copy": _one_name(argument)}, do]


def _replace(script: _Script, number: int, line: str, name: str, args: list[str]) -> Do:
    if len(args) != 3:
        raise Unmapped("replace with three arguments was expected")
    made = {
        "pattern": re.escape(_text(script, args[1])),
        "with": _text(script, args[2]).replace("\\", "\\\\"),
    }
    return _after(name, args[0], {"replace": made})


def _match(script: _Script, number: int, line: str, name: str, args: list[str]) -> Do:
    if len(args) != 3 or not args[2].strip('"').isdigit():
        raise Unmapped("match with an element, a pattern and a group was expected")
    made: dict[str, object] = {
        "pattern": _text(script, args[1]),
        "group": args[2].strip('"'),
        "otherwise": "empty",
    }
    return _after(name, args[0], {"extract": made})


def _substring(script: _Script, number: int, line: str, name: str, args: list[str]) -> Do:
    if len(args) == 3 and args[1].strip('"') == "0" and args[2].strip('"').isdigit():
        return _after(name, args[0], {"truncate": args[2].strip('"')})
    raise Unmapped("only the first characters can be kept")


def _concatenate(script: _Script, number: int, line: str, name: str, args: list[str]) -> Do:
    parts = [f"{{{_one_name(arg)}|}}" if _PATH.fullmatch(arg) else braces(_text(script, arg)) for arg in args]
    return {"template": "".join(parts)}


def _format(script: _Script, number: int, line: str, name: str, args: list[str]) -> Do:
    if not args:
        raise Unmapped("format with a text was expected")
    given = [
        f"{{{_one_name(arg)}|}}" if _PATH.fullmatch(arg) else braces(_text(script, arg)) for arg in args[1:]
    ]
    pieces = re.split(r"\{(\d+)\}", _text(script, args[0]))
    if any(int(piece) >= len(given) for piece in pieces[1::2]):
        raise Unmapped("format names an argument that is not given")
    return {
        "template": "".join(
            given[int(piece)] if odd % 2 else braces(piece) for odd, piece in enumerate(pieces)
        )
    }


FUNCTIONS: Final[Mapping[str, Function]] = MappingProxyType(
    {
        "hashUID": _uid,
        "mapUID": _uid,
        "newUID": _uid,
        "mapReferencedUIDs": _uid,
        "shiftDateByIncrement": _shift,
        "shiftDateTimeByIncrement": _shift,
        "lowercase": _case("lower"),
        "uppercase": _case("upper"),
        "replace": _replace,
        "match": _match,
        "substring": _substring,
        "concatenate": _concatenate,
        "format": _format,
    }
)
_CALLS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "alterPixels": "pixels cannot be changed inside HealthImaging; instances at risk are left out",
        "getURL": "rules ask no web service; a CSV table can give values: lookup",
        "lookup": "a lookup needs a CSV table beside the rule file: {lookup: {table, by, take}}",
        "retainPrivateTags": "name a list of private elements in the profile, or write keep-private rules",
        "shiftDateTimeSequenceByIncrement": "write shift-date with nested: true for the dates in it",
        "set": "write it as an assignment",
        "delete": "write it as - (gggg,eeee)",
    }
)
