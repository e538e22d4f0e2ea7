"""Text → `RuleFile`, or every problem it has."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, cast

from curator.dicom import Json
from curator.errors import RuleFileError
from curator.findings import Safety, Why
from curator.printable import plural
from curator.rulefile.actions import Action, Verdict
from curator.rulefile.actions.write import Dummy, Empty, Literal, Remove
from curator.rulefile.clauses import CLAUSE, Clause
from curator.rulefile.file import RuleFile
from curator.rulefile.nodes import Items, Node, Scalar, compose
from curator.rulefile.nodes import Mapping as MappingNode
from curator.rulefile.place import key_of
from curator.rulefile.problems import NotRead, Problem, Problems, did_you_mean, shortened
from curator.rulefile.rule import Case, CaseElement, Rule
from curator.rulefile.selectors import SELECTIONS, Keyword, Selection
from curator.rulefile.shapes import (
    Checked,
    Choice,
    Filled,
    Lazy,
    ListOf,
    Reading,
    Schema,
    Text,
    Told,
    Whole,
    fields_of,
    read_fields,
)
from curator.rulefile.values import KNOWN, element, static_vr
from curator.rulefile.vocabulary import BASE, Vocabulary

VERSION: Final = "1"


@dataclass(frozen=True, slots=True)
class ActionShape:
    """Reads one step of ``do``: a word alone, or a mapping of one word to what it needs."""

    def read(self, node: Node, reading: Reading) -> Action:
        words = reading.vocabulary.kinds("action")
        if isinstance(node, Scalar):
            self._known(node, words, reading)
            word = words[node.text]
            if needed := [name for name, (_, required) in fields_of(word).items() if required]:
                raise reading.bad(node, f"{node.text} with {', '.join(needed)}: {{{node.text}: …}}")
            made = self._action(word())
            if expected := made.problem():
                raise reading.bad(node, expected)
            return made
        if not isinstance(node, MappingNode) or len(node.pairs) != 1:
            raise reading.bad(node, "one action a step: its word, or {word: …}; several steps are a list")
        key, value = node.pairs[0]
        self._known(key, words, reading)
        return self._action(Filled(words[key.text]).read(value, reading))

    @staticmethod
    def _action(made: object) -> Action:
        assert isinstance(made, Action)
        return made

    @staticmethod
    def _known(word: Scalar, words: Mapping[str, object], reading: Reading) -> None:
        if word.text not in words:
            raise reading.problems.add(
                word.line,
                f"the unknown action {shortened(word.text, 60)!r}",
                f"one of {', '.join(words)}{did_you_mean(word.text, words)}",
            )

    def schema(self) -> Schema:
        return {"$ref": "#/$defs/action"}


class CaseElements:
    """Reads the elements of a case. Values need not be valid: rules mend them. ``''`` is an empty element."""

    def read(self, node: Node, reading: Reading) -> tuple[CaseElement, ...]:
        if not isinstance(node, MappingNode):
            raise reading.bad(node, "a mapping of elements to values ({} for none)")
        found: dict[str, CaseElement] = {}
        failed = False
        for name, value in node.pairs:
            try:
                one = self._element(name, value, reading)
                if one.key in found:
                    raise reading.problems.add(
                        name.line, f"{one.key} again, under another name", "each element once"
                    )
                found[one.key] = one
            except NotRead:
                failed = True
        if failed:
            raise NotRead
        return tuple(found.values())

    def _element(self, name: Scalar, value: Node, reading: Reading) -> CaseElement:
        key = Checked(key_of, "a keyword or tag", longest=100).read(name, reading)
        if key[:1] == "(":
            raise reading.bad(name, "eight hex digits for a private element, such as '00091002'")
        vr = ""
        if isinstance(value, MappingNode):
            parts = {part.text: node for part, node in value.pairs}
            if set(parts) != {"vr", "value"}:
                raise reading.bad(
                    value, "a value, or {vr: LO, value: …} where the dictionary does not know the VR"
                )
            vr = Choice(tuple(sorted(KNOWN))).read(parts["vr"], reading)
            value = parts["value"]
        return CaseElement(key, self._value(key, vr or static_vr(key) or "LO", value, reading), vr)

    def _value(self, key: str, vr: str, node: Node, reading: Reading) -> Json:
        if vr == "SQ":
            nodes = node.items if isinstance(node, Items) else ()
            if not nodes and not (isinstance(node, Scalar) and not node.text and not node.plain):
                raise reading.bad(node, f"a list of items for {key} ('' for an empty sequence)")
            items = [self.read(item, reading) for item in nodes]
            return [{one.key: one.value for one in item} for item in items] or None
        nodes = node.items if isinstance(node, Items) else (node,)
        texts = [Text("a value", filled=False).read(one, reading) for one in nodes]
        try:
            return element(key, vr, texts if len(texts) != 1 else texts[0])
        except ValueError:
            raise reading.bad(node, f"a value that VR {vr} of {key} can hold") from None

    def schema(self) -> Schema:
        return {"$ref": "#/$defs/elements"}


_CASE_FIELDS: Final[dict[str, tuple[Told, bool]]] = {
    "name": (Told(Text(longest=200), "what the case shows"), False),
    "before": (Told(CaseElements(), "the elements before"), True),
    "after": (Told(CaseElements(), "the elements after; without it: as before"), False),
    "finds": (
        Told(
            Choice(tuple(verdict.value for verdict in Verdict if verdict is not Verdict.KEEP)),
            "the verdict expected: quarantine, review, …",
        ),
        False,
    ),
}


class CaseShape:
    """Reads a case."""

    def read(self, node: Node, reading: Reading) -> Case:
        if not isinstance(node, MappingNode):
            raise reading.bad(node, "a case: {before: {…}, after: {…}}")
        values = read_fields(node, _CASE_FIELDS, reading, "of a case")
        finds = values.get("finds")
        return Case(
            node.line,
            str(values.get("name", "")),
            cast("tuple[CaseElement, ...]", values["before"]),
            cast("tuple[CaseElement, ...] | None", values.get("after")),
            Verdict(str(finds)) if finds is not None else None,
        )

    def schema(self) -> Schema:
        return {"$ref": "#/$defs/case"}


def _id(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,63}", text):
        raise ValueError("an id: lower-case letters, digits and hyphens, at most 64")
    return text


def _version(text: str) -> str:
    if text != VERSION:
        raise ValueError(f"version {VERSION}, the only one there is")
    return text


ID: Final = Checked(_id, "an id", longest=64)

RULE_FIELDS: Final[dict[str, tuple[Told, bool]]] = {
    "id": (Told(ID, "the rule's name in plans, reports and ledgers"), True),
    "why": (Told(Text(longest=1_000), "the reason, as a reviewer will read it"), True),
    "select": (Told(SELECTIONS, "which elements"), True),
    "when": (Told(ListOf(Lazy(lambda: CLAUSE, "condition"), most=100), "what must hold"), False),
    "do": (Told(ListOf(ActionShape(), most=50), "what to do, step by step"), True),
    "priority": (
        Told(Whole(-1_000, 1_000), "the higher one wins where two rules write an element; 0"),
        False,
    ),
    "safety": (
        Told(Choice(tuple(safety.value for safety in Safety)), "may it be made unseen? review"),
        False,
    ),
    "cases": (Told(ListOf(CaseShape(), most=500), "documents before and after, run by rules test"), False),
}

FILE_FIELDS: Final[dict[str, tuple[Told, bool]]] = {
    "version": (Told(Checked(_version, f"version {VERSION}"), "the version of this file format: 1"), True),
    "name": (Told(ID, "the file's name in lists and plans"), True),
    "why": (Told(Text(longest=2_000), "what the file is for"), True),
    "where": (Told(Text(longest=100_000), "which image sets: an expression as in list --where"), False),
}


def load(
    text: str, name: str, *, files: Callable[[str], str] | None = None, vocabulary: Vocabulary = BASE
) -> RuleFile:
    """Return the rule file that ``text`` holds; RuleFileError with every problem if it does not hold.

    ``name`` is what problems and reasons call the file. ``files`` returns the text of a CSV table by its name
    (OSError or LookupError if there is none); without it, rules with tables are problems.
    """
    file, problems = read(text, name, files=files, vocabulary=vocabulary)
    if file is None or problems:
        count = plural(len(problems), "problem")
        raise RuleFileError(f"{name}: {count}", tuple(problem.text(name) for problem in problems))
    return file


def read(
    text: str, name: str, *, files: Callable[[str], str] | None = None, vocabulary: Vocabulary = BASE
) -> tuple[RuleFile | None, tuple[Problem, ...]]:
    """Return the file as far as it could be read, and its problems in the order of their lines."""
    problems = Problems()
    reading = Reading(problems, files, vocabulary)
    file = None
    try:
        file = _file(compose(text, problems), name, reading)
    except NotRead:
        pass
    return file, tuple(sorted(problems.found))


def _file(node: Node, name: str, reading: Reading) -> RuleFile:
    if not isinstance(node, MappingNode):
        raise reading.bad(node, "a rule file: a mapping of version, name, why, rules")
    head = MappingNode(node.line, tuple(pair for pair in node.pairs if pair[0].text != "rules"))
    listed = node.get("rules")
    sections = {key: (told, False) for key, told in reading.vocabulary.sections.items()}
    known = FILE_FIELDS | sections | {"rules": (Told(Text(), "the rules"), False)}
    values: dict[str, object] | None = None
    try:
        values = read_fields(head, known, reading, "of a rule file")
    except NotRead:
        pass
    rules = _rules(listed, name, reading) if listed is not None else []
    if listed is None and not any(node.get(key) is not None for key in sections):
        reading.problems.add(node.line, "no rules", "rules: a list of rules")
    if values is None:
        raise NotRead
    where = node.get("where")
    return RuleFile(
        str(values["name"]),
        str(values["why"]),
        str(values.get("where", "")),
        tuple(rules),
        name,
        where.line if where is not None else 0,
        {key: values[key] for key in sections if key in values},
    )


def _rules(node: Node, name: str, reading: Reading) -> list[Rule]:
    if not isinstance(node, Items) or not node.items:
        reading.bad(node, "a list of rules, each with id, why, select and do")
        return []
    rules: list[Rule] = []
    ids: dict[str, int] = {}
    for item in node.items:
        rule_id = item.get("id") if isinstance(item, MappingNode) else None
        text = rule_id.text if isinstance(rule_id, Scalar) else ""
        with reading.problems.inside(shortened(text, 64)):
            if text and text in ids:
                reading.problems.add(
                    item.line, f"the id {text!r} again", f"an id of its own (first in line {ids[text]})"
                )
            ids.setdefault(text, item.line)
            try:
                rules.append(_rule(item, name, reading))
            except NotRead:
                continue
    _collisions(rules, reading)
    return rules


def _rule(node: Node, name: str, reading: Reading) -> Rule:
    if not isinstance(node, MappingNode):
        raise reading.bad(node, "a rule: a mapping with id, why, select and do")
    values = read_fields(node, RULE_FIELDS, reading, "of a rule")
    actions = cast("tuple[Action, ...]", values["do"])
    select = cast("tuple[Selection, ...]", values["select"])
    do = node.get("do") or node
    _fitting(select, actions, do, reading)
    if actions and actions[0].creates:
        select = tuple(replace(one, create=one.create or one.named() is not None) for one in select)
    rule_id, why = str(values["id"]), str(values["why"])
    detail = (("rule file", f"{name}:{node.line}"), ("action", ", ".join(action.name for action in actions)))
    return Rule(
        rule_id,
        node.line,
        why,
        select,
        cast("tuple[Clause, ...]", values.get("when", ())),
        actions,
        cast(int, values.get("priority", 0)),
        Safety(str(values.get("safety", Safety.REVIEW))),
        cast("tuple[Case, ...]", values.get("cases", ())),
        Why(rule_id, why, detail),
        f"{name}:{node.line}",
    )


def _fitting(
    select: tuple[Selection, ...], actions: tuple[Action, ...], node: Node, reading: Reading
) -> None:
    """Note actions that cannot work on the elements that are selected by name."""
    for one in select:
        named = one.named()
        vr = static_vr(named.key) if named is not None else ""
        if named is None or not vr:
            continue
        for action in actions:
            if wrong := action.objection(named.key, vr):
                reading.problems.add(node.line, f"{action.name} for {named.key}", wrong)


_ALWAYS_WRITES = (Remove, Empty, Dummy, Literal)


def _collisions(rules: list[Rule], reading: Reading) -> None:
    """Note rules that are certain to write the same element; what depends on values shows in evaluation."""
    first: dict[tuple[str, int], Rule] = {}
    for rule in rules:
        if rule.when or not isinstance(rule.actions[-1], _ALWAYS_WRITES):
            continue
        for one in rule.select:
            if len(one.selectors) != 1 or one.but or not isinstance(one.selectors[0], Keyword):
                continue
            key = one.selectors[0].is_
            other = first.setdefault((key, rule.priority), rule)
            if other is not rule:
                with reading.problems.inside(rule.id):
                    reading.problems.add(
                        rule.line,
                        f"{key} written by rule {other.id} (line {other.line}) as well",
                        "conditions, or a different priority, that say which of the two writes",
                    )
