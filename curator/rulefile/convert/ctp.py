"""RSNA CTP's DICOM anonymizer script: XML of ``<p>``, ``<e>``, ``<k>`` and ``<r>`` with a function language.

Source: MIRC wiki, "The CTP DICOM Anonymizer". CTP walks sequences with the same script, so rules are nested.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final
from xml.parsers import expat

from curator.errors import UsageError
from curator.rulefile.convert.draft import (
    OTHER_SHIFT,
    Do,
    Draft,
    Select,
    Unmapped,
    braces,
    creator,
    element,
    name_of,
)

OPTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "113101": "clean-pixel-data",
        "113102": "clean-recognizable-visual-features",
        "113103": "clean-graphics",
        "113104": "clean-structured-content",
        "113105": "clean-descriptors",
        "113106": "retain-full-dates",
        "113107": "retain-modified-dates",
        "113108": "retain-patient-characteristics",
        "113109": "retain-device-identity",
        "113110": "retain-uids",
        "113111": "retain-safe-private",
        "113112": "retain-institution-identity",
    }
)
_CODES, _METHOD = "00120064", "00120063"


class _Line:
    """One ``<e>``: its element, and the words its script may use."""

    def __init__(
        self, draft: Draft, number: int, tag: str, name: str, script: str, params: Mapping[str, str]
    ) -> None:
        self.draft, self.number, self.tag, self.name = draft, number, tag, name
        self.script, self.params = script, params
        self.create = False

    def own(self, text: str) -> bool:
        """Say whether an argument means the element itself."""
        text = text.strip()
        if text == "this" or text == self.name:
            return True
        try:
            return name_of(text) == name_of(self.tag)
        except Unmapped:
            return False

    def param(self, text: str) -> str:
        """Return an argument with ``@NAME`` replaced by the parameter's value."""
        found = re.fullmatch(r"@(\w+)(?:\(\))?", text.strip())
        if found is None:
            return text.strip().strip('"')
        if found[1] not in self.params:
            raise Unmapped(f"the parameter {found[1]} is not set in the script")
        return self.params[found[1]]


Function = Callable[[_Line, list[str]], Do]


def _number(text: str, otherwise: int) -> int:
    return int(text) if re.fullmatch(r"[1-9]\d{0,3}", text.strip()) else otherwise


def _hash(line: _Line, args: list[str]) -> Do:
    if args and not line.own(args[0]):
        raise Unmapped("a hash of another element has no counterpart")
    if name_of(line.tag) in ("PatientID", "PatientName"):
        line.draft.differs(
            line.number, line.script, "the subject's pseudonym, which the key makes of issuer and id"
        )
        return {"pseudonym": "subject"}
    return {"hash": str(min(51, max(4, _number(args[1], 16) if len(args) > 1 else 16)))}


def _patient(line: _Line, args: list[str]) -> Do:
    if len(args) > 1 and args[1].strip() in ("this", "PatientID"):
        return {"pseudonym": "subject"}
    raise Unmapped("only a hash of PatientID has a counterpart: the subject's pseudonym")


def _shift(line: _Line, args: list[str]) -> Do:
    if args and not line.own(args[0]):
        raise Unmapped("the shifted date of another element has no counterpart")
    line.draft.differs(line.number, line.script, OTHER_SHIFT)
    return {"shift-date": {"keep-weekday": "false"}}


def _modify(line: _Line, args: list[str]) -> Do:
    if len(args) == 4 and line.own(args[0]) and args[1].strip() == "*":
        if args[2].strip() == "*" and args[3].strip() in ("1", "01"):
            return {"truncate": "month"}
        if args[2].strip() in ("1", "01") and args[3].strip() in ("1", "01"):
            return {"truncate": "year"}
    raise Unmapped("only setting the day, or month and day, to 1 has a counterpart")


def _contents(line: _Line, args: list[str]) -> Do:
    if not args:
        raise Unmapped("it names no element")
    if len(args) > 1:
        pattern = args[1].strip().strip('"')
        by = args[2].strip().strip('"') if len(args) > 2 else ""
        change: dict[str, object] = {"replace": {"pattern": pattern, "with": re.sub(r"\$(\d)", r"\\\1", by)}}
        return change if line.own(args[0]) else [{"copy": name_of(args[0])}, change]
    return "keep" if line.own(args[0]) else {"copy": name_of(args[0])}


def _value(line: _Line, args: list[str]) -> Do:
    if len(args) < 2:
        return _contents(line, args)
    if line.own(args[0]):
        raise Unmapped("a default for the element's own missing value has no counterpart")
    return {"template": f"{{{name_of(args[0])}|{line.param(args[1])}}}"}


def _require(line: _Line, args: list[str]) -> Do:
    if not args:
        line.draft.differs(
            line.number, line.script, "it is kept; where it is missing it is not made without a value"
        )
        return "keep"
    line.create = True
    otherwise = f"|{line.param(args[1])}" if len(args) > 1 else ""
    return {"template": f"{{{name_of(args[0])}{otherwise}}}"}


def _truncate(line: _Line, args: list[str]) -> Do:
    if len(args) == 2 and re.fullmatch(r"[1-9]\d{0,3}", args[1].strip()):
        return _after(line, args[0], {"truncate": args[1].strip()})
    raise Unmapped("only the first characters can be kept")


def _after(line: _Line, which: str, do: dict[str, object]) -> Do:
    return do if line.own(which) else [{"copy": name_of(which)}, do]


def _case(to: str) -> Function:
    return lambda line, args: _after(line, args[0] if args else "this", {"case": to})


def _round(line: _Line, args: list[str]) -> Do:
    if len(args) == 2 and line.own(args[0]):
        return {"round": line.param(args[1])}
    raise Unmapped("only the element itself can be rounded")


def _never(why: str) -> Function:
    def refuse(line: _Line, args: list[str]) -> Do:
        raise Unmapped(why)

    return refuse


FUNCTIONS: Final[Mapping[str, Function]] = MappingProxyType(
    {
        "keep": lambda line, args: "keep",
        "remove": lambda line, args: "remove",
        "empty": lambda line, args: "empty",
        "blank": lambda line, args: "empty",
        "hash": _hash,
        "hashname": _hash,
        "hashuid": lambda line, args: "remap-uid",
        "hashptid": _patient,
        "hashdate": _shift,
        "incrementdate": _shift,
        "modifydate": _modify,
        "contents": _contents,
        "value": _value,
        "require": _require,
        "truncate": _truncate,
        "uppercase": _case("upper"),
        "lowercase": _case("lower"),
        "round": _round,
        "quarantine": lambda line, args: {"quarantine": f"line {line.number} of the CTP script"},
        "param": lambda line, args: {"literal": line.param(args[0] if args else "")},
        "date": _never("rules have no clock"),
        "time": _never("rules have no clock"),
        "integer": _never(
            "numbers in order of arrival are not repeatable; a pseudonym is: {pseudonym: {of: value}}"
        ),
        "lookup": _never("a lookup needs a CSV table beside the rule file: {lookup: {table, by, take}}"),
        "initials": _never("initials identify; a pseudonym has no counterpart of them"),
        "encrypt": _never("values are not encrypted in place; the crosswalk keeps them"),
        "call": _never("a plug-in of CTP"),
        "append": _never("appending to a multi-valued element has no counterpart"),
        "skip": _never("an instance cannot be passed through unchanged"),
        "pathelement": _never("a part of a path: use extract with a pattern"),
    }
)
_CALL = re.compile(r"@(\w+)\(")


def convert(text: str, draft: Draft) -> None:
    """Translate a script into ``draft``; UsageError if it is no XML of this kind."""
    params: dict[str, str] = {}
    elements: list[tuple[int, str, dict[str, str], str]] = []
    for number, kind, attributes, content in _xml(text):
        if kind == "p":
            params[attributes.get("t", "")] = content.strip()
        elif attributes.get("en", "T").upper() == "T":
            elements.append((number, kind, attributes, content.strip()))
    for number, kind, attributes, content in elements:
        try:
            if kind == "e":
                _element(draft, number, attributes, content, params)
            else:
                _global(draft, number, kind, attributes.get("t", ""), content)
        except Unmapped as why:
            draft.leave(number, f"{attributes.get('t', '')} {content}", str(why))


def _xml(text: str) -> list[tuple[int, str, dict[str, str], str]]:
    """Return (line, element, attributes, content) of every element below the root."""
    found: list[tuple[int, str, dict[str, str], str]] = []
    open_: list[tuple[int, str, dict[str, str], list[str]]] = []
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def start(name: str, attributes: dict[str, str]) -> None:
        open_.append((parser.CurrentLineNumber, name, attributes, []))

    def end(name: str) -> None:
        number, kind, attributes, content = open_.pop()
        if kind in ("p", "e", "k", "r"):
            found.append((number, kind, attributes, "".join(content)))

    def entity(*_: object) -> None:
        raise UsageError("the CTP script declares entities, which are not read")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = lambda data: open_[-1][3].append(data) if open_ else None
    parser.EntityDeclHandler = entity
    try:
        parser.Parse(text.lstrip("\ufeff").encode(), True)
    except expat.ExpatError as error:
        raise UsageError(f"line {error.lineno}: no XML: {expat.ErrorString(error.code)}") from None
    return found


def _global(draft: Draft, number: int, kind: str, what: str, content: str) -> None:
    if kind == "k" and what == "safeprivateelements":
        draft.option("retain-safe-private")
    elif kind == "r" and what == "privategroups":
        pass  # the profile removes private elements
    elif kind == "r" and what in ("curves", "overlays"):
        group = "50xx" if what == "curves" else "60xx"
        draft.rule(
            number, f"{what}: {content}", {"mask": f"{group}xxxx", "nested": "true"}, "remove", priority=-10
        )
        return
    elif kind == "r":
        raise Unmapped("what no line names is treated by the profile, which knows what may stay")
    else:
        raise Unmapped("there is no removal of all other elements that the group would be exempt from")
    draft.silent.add(number)


def _element(
    draft: Draft, number: int, attributes: Mapping[str, str], script: str, params: Mapping[str, str]
) -> None:
    tag = attributes.get("t", "")
    if tag == _CODES and (codes := re.findall(r"1131\d\d", script)):
        for code in codes:
            if code in OPTIONS:
                draft.option(OPTIONS[code])
        draft.silent.add(number)
        return
    line = _Line(draft, number, tag, attributes.get("n", ""), script, params)
    if (
        tag == _METHOD
        and "@" not in script.replace("@always()", "")
        and len(script) <= 48
        and script.isascii()
    ):
        draft.method = script.replace("@always()", "").strip()
        draft.silent.add(number)
        return
    if script == "@process()":
        draft.silent.add(number)  # sequences are walked always
        return
    source = f"{tag} {attributes.get('n', '')} {script}"
    chosen = re.fullmatch(r"@select\(\)\s*\{(.*?)\}\s*\{(.*?)\}", script, re.DOTALL)
    if chosen is not None:  # one clause for the root, one for the items of sequences
        root, items = _one(line, chosen[1].strip()), _one(line, chosen[2].strip())
        draft.rule(number, source, element(tag, nested=False), root, priority=1)
        draft.rule(number, source, element(tag), items)
        return
    for do, when in _scripts(line, script):
        draft.rule(number, source, _select(tag, line), do, when=when)


def _select(tag: str, line: _Line) -> Select:
    block = re.fullmatch(r"([0-9A-Fa-f]{4})\[([^\]]+)\]([0-9A-Fa-f]{2})", tag)
    if block is not None:
        return {**creator(block[2], block[1], block[3]), "nested": "true"}
    return element(tag, nested=not line.create, create=line.create)


def _scripts(line: _Line, script: str) -> list[tuple[Do, object]]:
    """Return (what to do, under which condition) for a script: two for an ``@if``."""
    if script.startswith("@always()"):
        line.create = True
        script = script.removeprefix("@always()").strip()
    if not script.startswith("@if("):
        made = _one(line, script)
        creates = script.startswith("@require(") and line.create
        return [(made, {"exists": "false"} if creates else None)]
    args, rest = _arguments(script, len("@if("))
    clauses = re.fullmatch(r"\s*\{(.*?)\}\s*\{(.*?)\}\s*", rest, re.DOTALL)
    if clauses is None:
        raise Unmapped("an @if with both clauses was expected")
    held = _condition(line, args)
    return [(_one(line, clauses[1].strip()), held), (_one(line, clauses[2].strip()), {"not": held})]


def _condition(line: _Line, args: list[str]) -> dict[str, object]:
    if len(args) < 2:
        raise Unmapped("an @if with an element and a condition was expected")
    where: dict[str, object] = {} if line.own(args[0]) else {"element": name_of(args[0])}
    word = args[1].strip().lower()
    text = args[2].strip().strip('"') if len(args) > 2 else ""
    if word == "exists":
        return {**where, "exists": "true"}
    if word == "isblank":
        return {"any": [{**where, "exists": "false"}, {**where, "empty": "true"}]}
    if word == "equals":
        return {**where, "matches": f"(?i)^{re.escape(text)}$"}
    if word == "contains":
        return {**where, "matches": f"(?i){re.escape(text)}"}
    if word == "matches":
        return {**where, "matches": f"^(?:{text})$"}
    raise Unmapped(f"the condition {word} has no counterpart")


def _one(line: _Line, script: str) -> Do:
    """Return what a script without conditions does."""
    if not script:
        return "remove"
    found = _CALL.match(script)
    if found is not None:
        args, rest = _arguments(script, found.end())
        if not rest.strip():
            known = FUNCTIONS.get(found[1].lower())
            if known is None:
                raise Unmapped(f"the function {found[1]} is not known")
            return known(line, args)
        if found[1].lower() == "append":
            return FUNCTIONS[found[1].lower()](line, args)
    return _mixed(line, script)


def _mixed(line: _Line, script: str) -> Do:
    """Return the template of a script that mixes text, parameters and contents of elements."""
    parts: list[str] = []
    at, named = 0, False
    while at < len(script):
        found = _CALL.match(script, at)
        plain = re.compile(r"@(\w+)").match(script, at)
        if found is not None:
            args, rest = _arguments(script, found.end())
            if found[1].lower() not in ("contents", "value", "param") or len(args) != 1:
                raise Unmapped(f"the function {found[1]} inside a text has no counterpart")
            if found[1].lower() == "param":
                parts.append(braces(line.param(args[0])))
            else:
                parts.append(f"{{{name_of(line.tag if line.own(args[0]) else args[0])}|}}")
                named = True
            at = len(script) - len(rest)
        elif plain is not None:
            parts.append(braces(line.param(plain[0])))
            at = plain.end()
        else:
            parts.append(braces(script[at]))
            at += 1
    text = "".join(parts)
    return {"template": text} if named else {"literal": text.replace("{{", "{").replace("}}", "}")}


def _arguments(script: str, at: int) -> tuple[list[str], str]:
    """Return the arguments of a call whose ``(`` stands before ``at``, and what follows its ``)``."""
    args: list[str] = []
    now, depth, quoted = "", 1, False
    while at < len(script):
        letter = script[at]
        at += 1
        if letter == "\\" and at < len(script):
            now += script[at] if script[at] in ',()[]"' else letter + script[at]
            at += 1
            continue
        if letter == '"':
            quoted = not quoted
        elif not quoted and letter == "(":
            depth += 1
        elif not quoted and letter == ")":
            depth -= 1
            if not depth:
                return [arg for arg in [*args, now] if arg.strip()], script[at:]
        elif not quoted and letter == "," and depth == 1:
            args.append(now)
            now = ""
            continue
        now += letter
    raise Unmapped("a parenthesis is not closed")
