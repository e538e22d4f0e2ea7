"""``rules``: list, check, test and explain rule files, and print their JSON Schema."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from curator.cli.output import Form, form_options, json_option, write, write_json, write_rows
from curator.cli.whole_help import WholeHelp
from curator.cli.workbench import Workbench
from curator.errors import RuleFileError, UsageError
from curator.printable import plural

if TYPE_CHECKING:
    from curator.deid.ruled import Deidentification
    from curator.dicom.confidentiality import Row, Table
    from curator.ruleshelf.own import Shelved


@click.group(cls=WholeHelp, name="rules")
def rules() -> None:
    """Rule files: YAML that says which elements to change, when, how and why.

    FILE is the name of a bundled rule file (``rules list``) or the path of your own.

    \b
    Examples:
      curator rules list
      curator rules lint my-rules.yaml
    """


@rules.command(name="list")
@json_option
@click.option("--words", is_flag=True, help="List the selectors, conditions and actions instead.")
@click.option("--checks", "of_checks", is_flag=True, help="List the checks instead.")
@click.pass_obj
def list_(workbench: Workbench, form: Form | None, words: bool, of_checks: bool) -> None:
    """List the project's own and the bundled rule files, the words that rule files are made of, or the checks.

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
    from curator.ruleshelf.own import shelf

    columns = {"name": "name", "rules": "rules", "profile": "profile", "why": "why", "path": "path"}
    write_rows(columns, map(_listed, shelf(workbench.project())), form, empty="no rule files")


def _listed(one: Shelved) -> dict[str, object]:
    from curator.ruleshelf import problems_of
    from curator.ruleshelf.pages import profile_of

    file, problems = problems_of(one.spec)
    why = " ".join(file.why.split()) if file is not None else ""
    if problems:
        why = f"{plural(len(problems), 'problem')}: see `curator rules lint`"
    return {
        "name": one.name,
        "rules": len(file.rules) if file is not None else 0,
        "profile": profile_of(file) if file is not None else "",
        "why": why,
        "path": str(one.path),
    }


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
        raise RuleFileError(plural(len(told), "problem"), shown)
    workbench.say(f"{plural(count, 'rule')} in {plural(len(files), 'file')}: nothing to complain about")


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
    workbench.say(f"{plural(len(rows), 'case')}, {len(failed)} came out differently")
    return 1 if failed else 0


@rules.command()
@click.argument("name", metavar="ID")
@click.option(
    "--file",
    "spec",
    metavar="FILE",
    help="Look in this file alone, not in the bundled and the project's own.",
)
@click.pass_obj
def explain(workbench: Workbench, name: str, spec: str | None) -> None:
    """Explain a rule, a rule file, a check (CUR…), or a word of rule files (an action, condition or selector).

    \b
    Example:
      curator rules explain body-part-synonyms
      curator rules explain truncate
    """
    from curator.ruleshelf import open_rule_file
    from curator.ruleshelf.own import shelf
    from curator.ruleshelf.pages import near, pages_of

    if spec is not None:
        open_rule_file(spec)  # what is wrong with it is told before anything else
    specs = [spec] if spec is not None else [each.spec for each in shelf(workbench.project())]
    pages = pages_of(name, specs, words=spec is None)
    if not pages:
        raise UsageError(
            f"nothing is called {name}{near(name, specs, words=spec is None)}",
            hint="see rules list and rules list --words",
        )
    write("\n\n".join(page.rstrip() for page in pages))


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
        f"{TOOLS[made.form]}: {plural(made.translated, 'line')} translated, {plural(lost, 'line')} not"
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
