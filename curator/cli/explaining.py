"""``explain``: why a profile treats an element as it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from curator.cli.decided import decisions_of, verdicts_of
from curator.cli.output import Form, json_option, write, write_json
from curator.cli.workbench import Workbench
from curator.errors import UsageError

if TYPE_CHECKING:
    from curator.deid.explain import Explanation
    from curator.imageset import ImageSetMetadata


@click.command()
@click.argument("image_set_id", metavar="ID")
@click.argument("path")
@click.option("--profile", required=True, metavar="PROFILE", help="A bundled profile or a file.")
@click.option(
    "--values", "with_values", is_flag=True, help="Show the values before and after too: they identify."
)
@json_option
@click.pass_obj
def explain(
    workbench: Workbench, image_set_id: str, path: str, profile: str, with_values: bool, form: Form | None
) -> None:
    """Explain an element: edition and row, option, Type, private verdict, rule, value decision, the last word last.

    PATH may be a keyword or a pattern. Of a published set, its original is explained.

    \b
    Examples:
      curator explain ID StudyDescription --profile research
      curator explain ID 'RequestAttributesSequence[*]/RequestedProcedureID' --profile basic
    """
    from curator.deid.explain import explain as explained
    from curator.deid.ruled import load_profile
    from curator.deid.subject import subject
    from curator.imageset import parse_path
    from curator.ruleshelf import open_rule_file

    asked = load_profile(open_rule_file(profile))
    doc = _original(workbench, image_set_id)
    project = workbench.project()
    engine = asked.engine(project.keyed, decisions=decisions_of(workbench), verdicts=verdicts_of(workbench))
    about = subject(_of_subject(workbench, doc), asked.profile, project.keyed)
    found = explained(asked, engine, doc, about, parse_path(path))
    if not found:
        raise UsageError(f"the image set has no element {path}", hint="`curator show ID` lists what it has")
    if form is Form.JSON:
        write_json([_json(one, doc, with_values) for one in found])
        return
    for one in found:
        write(f"{doc.anonymous(one.path)}: {one.done}")
        for why in one.whys:
            write(f"  {why.rule}: {why.text}")
            for name, text in why.detail:
                write(f"    {name:<15} {text}")
        if with_values:
            for name, text in _values(one, doc):
                write(f"  {name:<17} {text}")


def _original(workbench: Workbench, image_set_id: str) -> ImageSetMetadata:
    """Return the document to explain: the set's own, or that of the original it was published from."""
    from curator.checks.tags import PUBLISHED_FROM

    imaging = workbench.imaging
    source = imaging.tags(imaging.image_set(image_set_id).arn).get(PUBLISHED_FROM, "")
    original, _, version = source.partition("/")
    if original:
        workbench.say(
            f"{image_set_id} was published from {original}, version {version}, which is explained here."
        )
    return imaging.document(original or image_set_id, version or None)


def _of_subject(workbench: Workbench, doc: ImageSetMetadata) -> list[ImageSetMetadata]:
    """Return the document and what the catalogue holds of the same subject: its names are looked for as well."""
    from curator.cli.catalogue import open_catalogue
    from curator.deid.subject import identity

    known_by = identity(doc)[0]
    documents = [doc]
    with open_catalogue(workbench) as index:
        for row in index.rows():
            other = index.document(row.id, row.version) if row.read and row.id != doc.image_set_id else None
            if other is not None and identity(other)[0] == known_by:
                documents.append(other)
    return documents


def _json(one: Explanation, doc: ImageSetMetadata, with_values: bool) -> dict[str, object]:
    whys = [{"rule": why.rule, "text": why.text, "detail": dict(why.detail)} for why in one.whys]
    made: dict[str, object] = {"element": doc.anonymous(one.path), "done": one.done, "why": whys}
    return made | (dict(_values(one, doc)) if with_values else {})


def _values(one: Explanation, doc: ImageSetMetadata) -> list[tuple[str, str]]:
    from curator.deid.decisions import as_text
    from curator.findings import Absent

    if one.change is None:
        return [("value", as_text(doc.get(one.path)))]
    before, after = one.change.before, one.change.after
    return [
        ("before", "no such element" if isinstance(before, Absent) else as_text(before)),
        ("after", "no such element" if isinstance(after, Absent) else as_text(after)),
    ]
