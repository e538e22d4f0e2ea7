"""``rules``: list, check, test and explain rule files, and print their JSON Schema."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from curator.cli.output import Form, form_options, json_option, write, write_json, write_rows
from curator.cli.workbench import Workbench
from curator.errors import RuleFileError, UsageError

if TYPE_CHECKING:
    from curator.deid.ruled import Deidentification
    from curator.dicom.confidentiality import Row, Table
    from curator.rulefile import Rule, RuleFile


@click.group(name="rules")
def rules() -> None:
    """Rule files: YAML that says which elements to change, when, how and why.

    FILE is the name of a bundled rule file (``rules list``) or the path of your own.

    \b
    Examples:
      curator rules list
      curator rules lint my-rules.yaml
    """


def _plural(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


@rules.command(name="list")
@json_option
@click.option("--words", is_flag=True, help="List the selectors, conditions and actions instead.")
@click.option("--checks", "of_checks", is_flag=True, help="List the checks instead.")
def list_(form: Form | None, words: bool, of_checks: bool) -> None:
    """List the bundled rule files, the words that rule files are made of, or the checks.

    \b
    Example:
      curator rules list
      curator rules list --words
    """
    if of_checks:
        from curator.checks import checks, summary

        write_rows(
            {"code": "code", "name": "name", "severity": "severity", "does": "what it does"},
            (
                {"code": one.code, "name": one.name, "severity": one.severity.value, "does": summary(one)}
                for one in checks()
            ),
            form,
        )
        return
    if words:
        from curator.deid.words import VOCABULARY
        from curator.rulefile.docs import overview

        write_rows(
            {"kind": "kind", "word": "word", "does": "what it does"}, overview(VOCABULARY.words()), form
        )
        return
    from curator.ruleshelf import bundled, open_rule_file

    files = ((path, open_rule_file(name)) for name, path in bundled().items())
    rows = (
        {
            "name": file.name,
            "rules": len(file.rules),
            "profile": _profile_of(file),
            "why": " ".join(file.why.split()),
            "path": str(path),
        }
        for path, file in files
    )
    columns = {"name": "name", "rules": "rules", "profile": "profile", "why": "why", "path": "path"}
    write_rows(columns, rows, form, empty="no rule files")


def _profile_of(file: RuleFile) -> str:
    """Return the edition and the options' names of a file that is a profile, "" of others."""
    from curator.deid.profilefile import OPTIONS, section_of

    section = section_of(file)
    if section is None:
        return ""
    return ", ".join(
        [section.table.edition, *(name for name, option in OPTIONS.items() if option in section.options)]
    )


@rules.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@json_option
@click.pass_obj
def lint(workbench: Workbench, files: tuple[str, ...], form: Form | None) -> None:
    """Report everything that is wrong with rule files, each thing with its line; exit 2 if there is anything.

    \b
    Example:
      curator rules lint my-rules.yaml
    """
    from curator.ruleshelf import problems_of

    told: list[str] = []
    count = 0
    for spec in files:
        file, problems = problems_of(spec)
        told += problems
        count += len(file.rules) if file is not None else 0
    if form is Form.JSON:
        write_json(told)
    if told:
        shown = () if form is Form.JSON else tuple(told)
        raise RuleFileError(_plural(len(told), "problem"), shown)
    workbench.say(f"{_plural(count, 'rule')} in {_plural(len(files), 'file')}: nothing to complain about")


@rules.command()
@click.argument("files", metavar="[FILE]...", nargs=-1)
@json_option
@click.pass_obj
def test(workbench: Workbench, files: tuple[str, ...], form: Form | None) -> int:
    """Run the cases of rule files (without FILE: of all bundled ones); exit 1 if one comes out differently.

    \b
    Example:
      curator rules test body-part-terms my-rules.yaml
    """
    from curator.deid.ruled import run_cases
    from curator.ruleshelf import bundled, find, open_rule_file

    rows: list[dict[str, object]] = []
    bare: list[str] = []
    for spec in files or tuple(bundled()):
        path, file = find(spec), open_rule_file(spec)
        bare += [f"{path}:{rule.line}: rule {rule.id} has no cases" for rule in file.rules if not rule.cases]
        for result in run_cases(file):
            where = f"{path}:{result.line}"
            rows.append(
                {
                    "rule": result.rule,
                    "case": result.name,
                    "where": where,
                    "passed": result.passed,
                    "differences": list(result.differences),
                }
            )
    failed = [row for row in rows if not row["passed"]]
    if form is Form.JSON:
        write_json(rows)
    else:
        for row in failed:
            differences = row["differences"]
            assert isinstance(differences, list)
            for difference in differences:
                whose = f"rule {row['rule']}" if row["rule"] else "profile"
                write(f"{row['where']}: {whose}: {difference}")
    for line in bare:
        workbench.say(line)
    workbench.say(f"{_plural(len(rows), 'case')}, {len(failed)} came out differently")
    return 1 if failed else 0


@rules.command()
@click.argument("name", metavar="ID")
@click.option(
    "--file", "spec", metavar="FILE", help="Look for the rule in this file instead of the bundled ones."
)
def explain(name: str, spec: str | None) -> None:
    """Explain a rule, a rule file, a check (CUR…), or a word of rule files (an action, condition or selector).

    \b
    Example:
      curator rules explain body-part-synonyms
      curator rules explain truncate
    """
    pages = _pages(name, spec)
    if not pages:
        raise UsageError(
            f"nothing is called {name}{_near(name, spec)}", hint="see rules list and rules list --words"
        )
    write("\n\n".join(page.rstrip() for page in pages))


def _pages(name: str, spec: str | None) -> list[str]:
    """Return every page that the name has: one name may be a selector and a condition."""
    pages = []
    for path, file in _files(spec):
        if name in (file.name, str(path)):
            pages.append(_file_page(path, file))
        rule = file.rule(name)
        if rule is not None:
            pages.append(_rule_page(path, rule))
    if spec is None:
        pages += _word_pages(name) + _check_pages(name)
    return pages


def _files(spec: str | None) -> list[tuple[Path, RuleFile]]:
    from curator.ruleshelf import bundled, find, open_rule_file

    specs = list(bundled()) if spec is None else [spec]
    return [(find(one), open_rule_file(one)) for one in specs]


def _file_page(path: Path, file: RuleFile) -> str:
    lines = [f"{file.name} (rule file {path})", "", " ".join(file.why.split()), ""]
    if file.where:
        lines += [f"For image sets: {file.where}", ""]
    if profile := _profile_of(file):
        lines += [f"De-identifies: PS3.15 {profile}", *_overrides(file), ""]
    lines += [f"  {rule.id}: {' '.join(rule.why.split())}" for rule in file.rules]
    return "\n".join(lines)


def _overrides(file: RuleFile) -> list[str]:
    from curator.deid.profile import describe
    from curator.deid.profilefile import section_of

    section = section_of(file)
    found = section.overrides.items() if section is not None else ()
    return [f"  {describe(tag)}: {override.code}, {override.why}" for tag, override in sorted(found)]


def _rule_page(path: Path, rule: Rule) -> str:
    source = path.read_text(encoding="utf-8-sig").splitlines()
    indent = len(source[rule.line - 1]) - len(source[rule.line - 1].lstrip(" -"))
    end = rule.line
    while end < len(source) and (
        not source[end].strip() or len(source[end]) - len(source[end].lstrip()) >= indent
    ):
        end += 1
    text = "\n".join(source[rule.line - 1 : end]).rstrip()
    cases = _plural(len(rule.cases), "case")
    head = f"{rule.id} (rule, {path}:{rule.line})"
    return f"{head}\n\n{' '.join(rule.why.split())}\nSafety: {rule.safety.value}. Priority: {rule.priority}. {cases}.\n\n{text}"


def _word_pages(name: str) -> list[str]:
    from curator.deid.words import VOCABULARY
    from curator.rulefile.docs import manual

    return [manual(kind, name, word) for kind, word in VOCABULARY.words().values() if word.name == name]


def _check_pages(name: str) -> list[str]:
    from curator.checks import checks, explain

    return [explain(check.code) for check in checks() if name.upper() == check.code or name == check.name]


def _near(name: str, spec: str | None) -> str:
    from curator.checks import checks
    from curator.deid.words import VOCABULARY
    from curator.rulefile.problems import did_you_mean

    known = {rule.id for _, file in _files(spec) for rule in file.rules}
    known |= {check.name for check in checks()} if spec is None else set()
    known |= {word.name for _, word in VOCABULARY.words().values()} if spec is None else set()
    return did_you_mean(name, known)


@rules.command()
@click.argument("table", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--profile", default="basic", show_default=True, metavar="PROFILE", help="The profile to compare by."
)
@click.option("--where", metavar="EXPR", help="Only image sets that match.")
@click.option("--rows", "by_rows", is_flag=True, help="Compare the tables alone, row by row.")
@form_options
@click.pass_obj
def editions(
    workbench: Workbench, table: Path, profile: str, where: str | None, by_rows: bool, form: Form | None
) -> None:
    """Show what another edition of PS3.15's Table E.1-1 would change on your own data.

    TABLE is a text: a first line `edition …`, then rows tag|name|action|option=action …

    \b
    Example:
      curator rules editions e1-2024b.txt --profile research
    """
    from curator.deid.editions import rows as changed_rows
    from curator.deid.profilefile import read_table
    from curator.deid.ruled import load_profile
    from curator.ruleshelf import open_rule_file

    try:
        other = read_table(table.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise UsageError(f"{table.name} is no table: expected {error}") from None
    asked = load_profile(open_rule_file(profile))
    if by_rows:
        columns = {
            "tag": "tag",
            "name": "name",
            "before": asked.profile.table.edition,
            "after": other.edition,
        }
        found = (
            {"tag": one.tag, "name": one.name, "before": _codes(one.before), "after": _codes(one.after)}
            for one in changed_rows(asked.profile.table, other)
        )
        write_rows(columns, found, form, empty="no row differs")
        return
    write_rows(
        {
            "count": "count",
            "element": "element",
            "before": asked.profile.table.edition,
            "after": other.edition,
        },
        _on_own_data(workbench, asked, other, where),
        form,
        empty="nothing in these image sets is treated otherwise",
    )


def _codes(row: Row | None) -> str:
    if row is None:
        return "no row"
    return " ".join([row.basic, *(f"{option}={code}" for option, code in sorted(row.options.items()))])


def _on_own_data(
    workbench: Workbench, asked: Deidentification, other: Table, where: str | None
) -> list[dict[str, object]]:
    from curator.catalogue import Where
    from curator.cli.catalogue import fresh_catalogue
    from curator.deid.editions import on_documents

    engine = asked.engine(workbench.project().keyed)
    with fresh_catalogue(workbench) as index:
        rows = index.rows(Where.parse(where) if where else None)
        documents = (
            doc for row in rows if row.read and (doc := index.document(row.id, row.version)) is not None
        )
        found = on_documents(engine, other, documents)
    return [
        {"count": one.count, "element": one.element, "before": one.before, "after": one.after}
        for one in found
    ]


@rules.command()
@click.argument("source", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--from",
    "form",
    type=click.Choice(["ctp", "deid", "dicomedit", "google", "karnak"]),
    help="The tool; without: told from the file.",
)
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the rule file there."
)
@click.option("--name", metavar="NAME", help="The new file's name; without: that of FILE.")
@click.pass_obj
def convert(
    workbench: Workbench, source: Path, form: str | None, output: Path | None, name: str | None
) -> int:
    """Translate another tool's rules into a profile with rules; list every line that has no counterpart.

    CTP anonymizer scripts, deid recipes, DicomEdit scripts, Karnak profiles, Google's DicomTagConfig. Exit 1 if a
    line was left out.

    \b
    Example:
      curator rules convert DicomAnonymizer.script -o site.yaml
    """
    import re

    from curator.deid.words import VOCABULARY
    from curator.rulefile.convert import TOOLS
    from curator.rulefile.convert import convert as converted

    try:
        text = source.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{source.name} is not UTF-8") from None
    stem = re.sub(r"[^a-z0-9]+", "-", (name or source.stem).lower()).strip("-")[:64] or "converted"
    made = converted(text, stem, vocabulary=VOCABULARY, form=form or "")
    if output is None:
        write(made.text.rstrip())
    else:
        output.write_text(made.text, encoding="utf-8")
    for left in made.left:
        workbench.say(left.told(str(source)))
    lost = sum(not left.done for left in made.left)
    workbench.say(
        f"{TOOLS[made.form]}: {_plural(made.translated, 'line')} translated, {_plural(lost, 'line')} not"
    )
    return 1 if lost else 0


@rules.command()
def schema() -> None:
    """Print the JSON Schema of rule files, for editors that complete and check YAML.

    \b
    Example:
      curator rules schema > rules.schema.json
      # first line of your file: # yaml-language-server: $schema=rules.schema.json
    """
    from curator.deid.words import VOCABULARY
    from curator.rulefile import schema

    write_json(schema(VOCABULARY))
