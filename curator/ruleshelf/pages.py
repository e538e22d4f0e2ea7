"""What there is to read about rule files: a page for each file, rule, check, and word of the vocabulary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from curator.printable import plural
from curator.rulefile import Rule, RuleFile
from curator.ruleshelf import find, problems_of, text_of


def profile_of(file: RuleFile) -> str:
    """Return the edition and the options' names of a file that is a profile, "" of others."""
    from curator.deid.profilefile import OPTIONS, section_of

    section = section_of(file)
    if section is None:
        return ""
    return ", ".join(
        [section.table.edition, *(name for name, option in OPTIONS.items() if option in section.options)]
    )


def pages_of(name: str, specs: Sequence[str], *, words: bool = True) -> list[str]:
    """Return every page that the name has in these files, and with ``words`` beyond them: one name may have several."""
    pages = []
    for path, file in _files(specs):
        if name in (file.name, str(path)):
            pages.append(file_page(path, file))
        rule = file.rule(name)
        if rule is not None:
            pages.append(rule_page(path, rule))
    return pages + (_word_pages(name) + _check_pages(name) if words else [])


def _files(specs: Sequence[str]) -> Iterator[tuple[Path, RuleFile]]:
    """Yield the files that can be read; what is wrong with the others `curator rules lint` tells."""
    for spec in specs:
        file, _ = problems_of(spec)
        if file is not None:
            yield find(spec), file


def file_page(path: Path, file: RuleFile) -> str:
    """Return what the file is for, what it looks at, by which profile, and its rules with their reasons."""
    lines = [f"{file.name} (rule file {path})", "", " ".join(file.why.split()), ""]
    if file.where:
        lines += [f"For image sets: {file.where}", ""]
    if profile := profile_of(file):
        lines += [f"De-identifies: PS3.15 {profile}", *_overrides(file), ""]
    lines += [f"  {rule.id}: {' '.join(rule.why.split())}" for rule in file.rules]
    return "\n".join(lines)


def _overrides(file: RuleFile) -> list[str]:
    from curator.deid.profile import describe
    from curator.deid.profilefile import section_of

    section = section_of(file)
    found = section.overrides.items() if section is not None else ()
    return [f"  {describe(tag)}: {override.code}, {override.why}" for tag, override in sorted(found)]


def rule_page(path: Path, rule: Rule, text: str | None = None) -> str:
    """Return why the rule is there, how sure it is of itself, its source, and what its actions do."""
    source = (text_of(path) if text is None else text).splitlines()
    indent = len(source[rule.line - 1]) - len(source[rule.line - 1].lstrip(" -"))
    end = rule.line
    while end < len(source) and (
        not source[end].strip() or len(source[end]) - len(source[end].lstrip()) >= indent
    ):
        end += 1
    shown = "\n".join(source[rule.line - 1 : end]).rstrip()
    cases = plural(len(rule.cases), "case")
    head = f"{rule.id} (rule, {path}:{rule.line})"
    sure = f"Safety: {rule.safety.value}. Priority: {rule.priority}. {cases}."
    does = "\n".join(f"  {name}: {does}" for name, does in _actions(rule).items())
    return f"{head}\n\n{' '.join(rule.why.split())}\n{sure}\n\n{shown}\n\nWhat its actions do:\n{does}"


def _actions(rule: Rule) -> dict[str, str]:
    from curator.rulefile.docs import summary

    return {action.name: summary(type(action)) for action in rule.actions}


def _word_pages(name: str) -> list[str]:
    from curator.deid.words import VOCABULARY
    from curator.rulefile.docs import manual

    return [manual(kind, name, word) for kind, word in VOCABULARY.words().values() if word.name == name]


def _check_pages(name: str) -> list[str]:
    from curator.checks import checks, explain

    return [explain(check.code) for check in checks() if name.upper() == check.code or name == check.name]


def near(name: str, specs: Sequence[str], *, words: bool = True) -> str:
    """Return ``"; did you mean X?"`` where something that has a page is called much like ``name``, else ``""``."""
    from curator.checks import checks
    from curator.deid.words import VOCABULARY
    from curator.rulefile.problems import did_you_mean

    known = {rule.id for _, file in _files(specs) for rule in file.rules}
    if words:
        known |= {check.name for check in checks()}
        known |= {word.name for _, word in VOCABULARY.words().values()}
    return did_you_mean(name, known)
