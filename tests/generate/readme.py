"""The manual's tables: README.md with what stands between ``<!-- table NAME -->`` and ``<!-- end -->`` made anew.

Verbs come from the command line's own table, checks and rule files from their registries, the conformance table
from the marks on tests, assumptions about the service from the comments that name them, figures from the last recorded
run of the benchmarks.
"""

from __future__ import annotations

import ast
import importlib
import io
import json
import re
import tokenize
import tomllib
from collections.abc import Callable, Iterator
from typing import Any

from tests.generate import conformance
from tests.tools import ROOT

TARGET = "README.md"
_MARKS = re.compile(r"(<!-- table (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)
_ASSUMPTION = re.compile(r"\bassumption: ?(.*)", re.DOTALL)


def verbs() -> str:
    """Return every verb, by the groups of ``curator --help``."""
    from curator.cli import GROUPS, SUMMARIES, VERBS

    lines = ["| | verb | does |", "|---|---|---|"]
    for group, members in GROUPS.items():
        lines += [f"| {group} | `{verb}` | {SUMMARIES[verb]} |" for verb in members if verb in VERBS]
    return "\n".join(lines)


def checks() -> str:
    """Return every check with its code."""
    from curator.checks import CHECKS
    from curator.checks.check import summary

    lines = ["| code | name | says |", "|---|---|---|"]
    lines += [f"| {check.code} | {check.name} | {summary(check)} |" for check in CHECKS]
    return "\n".join(lines)


def rule_files() -> str:
    """Return the bundled rule files and profiles."""
    from curator.ruleshelf import bundled, open_rule_file

    lines = ["| file | for |", "|---|---|"]
    for path in bundled():
        file = open_rule_file(str(path))
        lines.append(f"| `{file.name}` | {' '.join(file.why.split())} |")
    return "\n".join(lines)


def rooms() -> str:
    """Return the floor plan: import-linter's layers, top first, each room with the first line of its docstring."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    lines = ["| floor | room | what for |", "|---:|---|---|"]
    for number, layer in enumerate(reversed(layers)):
        for name in re.findall(r"\w+", layer):
            purpose = _first_line(name)
            if purpose:
                lines.append(f"| {number} | `{name}` | {purpose} |")
    return "\n".join([*lines[:2], *reversed(lines[2:])])


def _first_line(room: str) -> str:
    for path in (ROOT / "curator" / f"{room}.py", ROOT / "curator" / room / "__init__.py"):
        if path.exists():
            text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
            return text.split("\n\n")[0].replace("\n", " ")
    return ""


def assumptions() -> str:
    """Return what the code assumes about the service where the guide is silent."""
    lines = ["| where | assumed |", "|---|---|"]
    for path in sorted((ROOT / "curator").rglob("*.py")):
        for block in _prose(path.read_text(encoding="utf-8")):
            found = _ASSUMPTION.search(block)
            if found:
                said = " ".join(found[1].split()).replace("|", "\\|")
                lines.append(f"| `{path.relative_to(ROOT / 'curator')}` | {said} |")
    return "\n".join(lines)


def _prose(source: str) -> Iterator[str]:
    """Yield runs of comment lines, and the paragraphs of docstrings."""
    run: list[str] = []
    last = -2
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            if token.start[0] != last + 1 and run:
                yield " ".join(run)
                run = []
            run.append(token.string.lstrip("# "))
            last = token.start[0]
        elif token.type == tokenize.STRING and token.string.startswith(('"""', 'r"""')):
            yield from ast.literal_eval(token.string).split("\n\n")
    if run:
        yield " ".join(run)


def figures() -> str:
    """Return the figures last recorded by ``python -m tests.benchmarks --record``."""
    from tests.benchmarks import RECORDED

    if not RECORDED.exists():
        return "None recorded yet."
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))
    lines = [
        f"Taken in one run on {recorded['date']}: {recorded['machine']}. Medians; ratios are ours over the peer's.",
        "",
        "| work | ours | peer | ratio | to reach |",
        "|---|---:|---:|---:|---|",
    ]
    for row in recorded["rows"]:
        missed = "" if row["holds"] else " (not reached)"
        lines.append(
            f"| {row['work']} | {row['ours']:.3g} {row['unit']} | {row['peer']:.3g} {row['unit']} ({row['peer_name']})"
            f" | {row['ratio']:.3g} | {row['reach']}{missed} |"
        )
    return "\n".join(lines)


def simulation() -> str:
    """Return what each route takes for one, a thousand and a million image sets."""
    from curator.plan.simulation import table

    return table()


def routes() -> str:
    """Return by which route real instances of each kind publish, as measured last."""
    from tests.publishing_routes import table

    return table(_stored("publishing_routes"))


def retained() -> str:
    """Return what each profile keeps of harmless words, and what is left of planted identifiers, beside dicognito."""
    told = _stored("retained")
    lines = [
        f"| profile | harmless words | kept | kept by dicognito {told['dicognito']} | planted identifiers left | left by dicognito |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for row in told["rows"]:
        shares = [f"{100 * row[key] / row['words']:.1f} %" for key in ("kept", "kept_by_peer")]
        lines.append(
            f"| `{row['profile']}` | {row['words']} | {shares[0]} | {shares[1]} | {row['left']} | {row['left_by_peer']} |"
        )
    return "\n".join(lines)


def _stored(name: str) -> Any:
    """Return a table kept as data: it takes files or programs that are no part of the project."""
    return json.loads((ROOT / "tests" / "generate" / f"{name}.json").read_text(encoding="utf-8"))


TABLES: dict[str, Callable[[], str]] = {
    "verbs": verbs,
    "checks": checks,
    "rules": rule_files,
    "rooms": rooms,
    "conformance": conformance.table,
    "assumptions": assumptions,
    "figures": figures,
    "simulation": simulation,
    "routes": routes,
    "retained": retained,
}


def generate() -> str:
    """Return README.md with its tables made anew."""

    def made(match: re.Match[str]) -> str:
        return f"{match[1]}{TABLES[match[2]]().rstrip()}\n{match[3]}"

    importlib.invalidate_caches()
    return _MARKS.sub(made, (ROOT / TARGET).read_text(encoding="utf-8"))
