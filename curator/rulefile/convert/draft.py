"""The rule file that is being made of another tool's lines, and what is left of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from curator.dicom.dictionary import by_keyword
from curator.rulefile.place import key_of
from curator.rulefile.problems import shortened
from curator.rulefile.reading import VERSION, read
from curator.rulefile.values import static_vr
from curator.rulefile.vocabulary import Vocabulary

Select: TypeAlias = "dict[str, object]"
Do: TypeAlias = "str | dict[str, object] | list[str | dict[str, object]]"

OTHER_SHIFT: Final = (
    "dates move by the subject's own offset, which the key makes, not by a number that is written down"
)
_MOST_RULES: Final = 1_900
_PRIVATE: Final = re.compile(r'\(([0-9A-F]{4}),"((?:[^"\\]|\\.)*)",10([0-9A-F]{2})\)')
# How dcm4che 2, whose names CTP and old recipes use, writes what PS3.6 calls otherwise.
_OLDER: Final = (
    (r"$", ""),
    (r"Seq$", "Sequence"),
    (r"IdSeq$", "IdentificationSequence"),
    (r"Retired$", ""),
    (r"AET$", "AETitle"),
    (r"Datetime$", "DateTime"),
    (r"PhoneNumbers$", "TelephoneNumbers"),
    (r"^OperatorName$", "OperatorsName"),
    (r"^NameOfPhysicianReadingStudy$", "NameOfPhysiciansReadingStudy"),
    (r"^PhysicianOfRecord$", "PhysiciansOfRecord"),
    (r"^AdmittingDiagnosis", "AdmittingDiagnoses"),
    (r"^SPS", "ScheduledProcedureStep"),
    (r"^PPS", "PerformedProcedureStep"),
    (r"IDSeq$", "IDsSequence"),
)


class Unmapped(Exception):
    """A line, or part of it, that has no counterpart; says why."""


@dataclass(frozen=True, slots=True, order=True)
class Left:
    """A line that was not translated, or (``done``) was, with another meaning."""

    line: int
    text: str
    why: str
    done: bool = False

    def told(self, name: str) -> str:
        """Return it as one line: ``file:12: …``."""
        word = "translated with a difference" if self.done else "not translated"
        return f"{name}:{self.line}: {word}: {shortened(' '.join(self.text.split()), 80)}: {self.why}"


@dataclass(frozen=True, slots=True)
class Converted:
    """The rule file's text, and what is to be read beside it. ``translated`` counts lines."""

    text: str
    form: str
    left: tuple[Left, ...]
    translated: int


@dataclass(slots=True)
class Draft:
    """What the converters write into. ``form`` is the tool's short name, ``tool`` the long one."""

    name: str
    form: str
    tool: str
    options: list[str] = field(default_factory=list)
    method: str = ""
    left: list[Left] = field(default_factory=list)
    rules: list[dict[str, object]] = field(default_factory=list)
    sources: dict[str, tuple[int, str]] = field(default_factory=dict)
    silent: set[int] = field(default_factory=set)
    """Lines that needed no rule: the profile does what they say."""

    def leave(self, line: int, text: str, why: str) -> None:
        """List a line that has no counterpart."""
        self.left.append(Left(line, text, why))

    def withdraw(self, line: int) -> None:
        """Take back the rules of a line that turned out to be translated in part only."""
        gone = {rule_id for rule_id, (at, _) in self.sources.items() if at == line}
        self.rules = [rule for rule in self.rules if rule["id"] not in gone]

    def differs(self, line: int, text: str, why: str) -> None:
        """List a line whose rule means something else."""
        self.left.append(Left(line, text, why, done=True))

    def option(self, name: str) -> None:
        """Ask the profile for an option."""
        if name not in self.options:
            self.options.append(name)

    def rule(
        self,
        line: int,
        source: str,
        select: Select | list[Select],
        do: Do,
        *,
        when: object = None,
        priority: int = 0,
    ) -> None:
        """Write a rule for a line of the tool's file."""
        number = sum(1 for at, _ in self.sources.values() if at == line)
        rule_id = f"{self.form}-{line}" + (f"-{number + 1}" if number else "")
        made: dict[str, object] = {
            "id": rule_id,
            "why": f"Line {line} of the {self.tool}: {shortened(_printable(source), 200)}",
            "select": select,
        }
        if when is not None:
            made["when"] = when
        made["do"] = do
        if priority:
            made["priority"] = str(max(-1_000, min(1_000, priority)))
        self.rules.append(made)
        self.sources[rule_id] = line, source


def lines_of(text: str) -> list[str]:
    """Return the lines as an editor counts them: `str.splitlines` ends some at characters that no editor ends one at."""
    return re.split("\r\n|\r|\n", text)


def _printable(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


# ── elements ─────────────────────────────────────────────────────────────────────────────────────────────


def element(text: str, *, nested: bool = True, create: bool = False) -> Select:
    """Return what selects an element that is named by keyword, tag or tag mask; `Unmapped` if none is."""
    text = text.strip()
    digits = re.sub(r"[(),\s\[\]]", "", text)
    if re.fullmatch(r"[0-9A-Fa-fXx]{8}", digits) and "x" in digits.lower() and not text.isalpha():
        made: Select = {"mask": digits.upper().replace("X", "x")}
    else:
        if re.fullmatch(r"\[?[0-9A-Fa-f]{4},?[0-9A-Fa-f]{4}\]?", text):
            text = digits
        try:
            key = key_of(text)
        except ValueError:
            key = older_name(text)
        if not key:
            raise Unmapped("it names no element of PS3.6")
        made = _of_key(key)
    if nested:
        made["nested"] = "true"
    if create:
        made["create"] = "true"
    return made


def _of_key(key: str) -> Select:
    private = _PRIVATE.fullmatch(key)
    if private is not None:
        return creator(private[2], private[1], private[3])
    if re.fullmatch(r"[0-9A-F]{8}", key) and int(key[3], 16) % 2:
        return {"mask": key}  # a private element by its whole number, whoever reserved the block
    return {"tag": key} if re.fullmatch(r"[0-9A-F]{8}", key) else {"keyword": key}


def creator(name: str, group: str, offset: str) -> Select:
    """Return what selects a private element by creator, group and offset (two hex digits)."""
    return {"creator": {"is": name, "group": group.upper(), "offset": offset.upper()}}


def name_of(text: str) -> str:
    """Return how templates and conditions name an element; `Unmapped` if it names none."""
    digits = re.sub(r"[(),\s\[\]]", "", text.strip())
    try:
        return key_of(digits if re.fullmatch(r"[0-9A-Fa-f]{8}", digits) else text.strip())
    except ValueError:
        if key := older_name(text.strip()):
            return key
        raise Unmapped(f"{shortened(text.strip(), 60)!r} names no element of PS3.6") from None


def older_name(text: str) -> str:
    """Return the keyword of an element that bears dcm4che 2's name (``RefImageSeq``), "" if it is none."""
    if not re.fullmatch(r"[A-Za-z0-9]{3,80}", text):
        return ""
    for begin in (text, re.sub(r"^Ref(?=[A-Z])", "Referenced", text)):
        for pattern, by in _OLDER:
            found = by_keyword(re.sub(pattern, by, begin))
            if found is not None and found.keyword:
                return found.keyword
    return ""


def vr_of(select: Select) -> str:
    """Return the VR of a selected element, "" where it is not certain."""
    found = select.get("keyword") or select.get("tag")
    return static_vr(found) if isinstance(found, str) else ""


def braces(text: str) -> str:
    """Return a text as a template writes it."""
    return text.replace("{", "{{").replace("}", "}}")


# ── the file ─────────────────────────────────────────────────────────────────────────────────────────────


def finish(draft: Draft, vocabulary: Vocabulary) -> Converted:
    """Return the file without the rules that the vocabulary does not take: those are listed."""
    for rule in draft.rules[_MOST_RULES:]:
        line, source = draft.sources[str(rule["id"])]
        draft.leave(line, source, f"a file has at most {_MOST_RULES:,} rules of this kind")
    rules = draft.rules[:_MOST_RULES]
    while True:
        text = _text(draft, rules)
        _, problems = read(text, "converted", vocabulary=vocabulary)
        wrong = {problem.rule: problem for problem in reversed(problems) if problem.rule}
        if not wrong:
            break
        for rule_id, problem in wrong.items():
            line, source = draft.sources.get(rule_id, (1, rule_id))
            draft.leave(line, source, f"found {problem.found}; expected {problem.expected}")
        rules = [rule for rule in rules if rule["id"] not in wrong]
    lines = {draft.sources[str(rule["id"])][0] for rule in rules} | draft.silent
    return Converted(text, draft.form, tuple(sorted(draft.left)), len(lines))


def _text(draft: Draft, rules: list[dict[str, object]]) -> str:
    import yaml

    profile: dict[str, object] = {}
    if draft.options:
        profile["options"] = draft.options
    if draft.method:
        profile["method"] = draft.method
    file: dict[str, object] = {
        "version": VERSION,
        "name": draft.name,
        "why": f"Converted from a {draft.tool}. What its lines do not name is treated by the Basic Profile of PS3.15.",
        "profile": profile or None,
    }
    if rules:
        file["rules"] = rules

    class Plain(yaml.SafeDumper):
        """Writes what is said twice twice: rule files have no aliases."""

        def ignore_aliases(self, data: object) -> bool:
            return True

    text: str = yaml.dump(file, Dumper=Plain, sort_keys=False, allow_unicode=True, width=110)
    return text.replace("\nprofile: null\n", "\nprofile:\n")
