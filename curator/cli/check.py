"""``check``: what is wrong in the data store."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from curator.cli.catalogue import fresh_catalogue, heard
from curator.cli.output import Form, json_text, write_json, write_rows
from curator.cli.walking import clustered, on_option
from curator.cli.workbench import Workbench
from curator.errors import UsageError
from curator.printable import plural

if TYPE_CHECKING:
    from curator.campaign.cluster import Cluster
    from curator.catalogue import Catalogue
    from curator.catalogue.view import CatalogueView
    from curator.checks import Elsewhere
    from curator.findings import Finding

COLUMNS = {
    "severity": "severity",
    "code": "code",
    "check": "check",
    "where": "image set",
    "message": "finding",
    "proposal": "proposal",
}


def _codes(context: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    """Split ``--select CUR1,torn-series`` as well as repeated options."""
    return tuple(word.strip() for each in value for word in each.split(",") if word.strip())


@click.command()
@click.argument("ids", nargs=-1, metavar="[ID...]")
@click.option(
    "--select", multiple=True, callback=_codes, metavar="CODES", help="Only these: CUR1, CUR102, torn-series."
)
@click.option("--ignore", multiple=True, callback=_codes, metavar="CODES", help="Not these.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "ndjson", "sarif"]),
    default="table",
    show_default=True,
)
@click.option("--json", "form", flag_value="json", help="One JSON document.")
@click.option("--ndjson", "form", flag_value="ndjson", help="One JSON document a line.")
@click.option("--evidence", is_flag=True, help="Also the values found (identified data).")
@click.option(
    "--fix-plan", type=click.Path(path_type=Path, dir_okay=False), help="Write the plan of the safe changes."
)
@click.option(
    "--p10",
    "files",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    metavar="PATH",
    help="DICOM files or folders that were imported: finds what was flattened (repeatable).",
)
@click.option(
    "--manifest",
    "manifests",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Output of import jobs: finds incomplete imports (repeatable).",
)
@on_option
@click.option("--refresh/--no-refresh", default=True, help="Read what is new in the data store first.")
@click.pass_obj
def check(
    workbench: Workbench,
    ids: tuple[str, ...],
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    form: str,
    evidence: bool,
    fix_plan: Path | None,
    files: tuple[Path, ...],
    manifests: tuple[Path, ...],
    on: str | None,
    refresh: bool,
) -> int:
    """Find what is wrong in the data store. Exits 1 when something is.

    Reads image sets not read before (each a touch) and says so; a second check reads nothing. `curator rules explain
    CODE` tells what a check does and why.

    \b
    Examples:
      curator check
      curator check --select CUR1 --format sarif > findings.sarif
      curator check ID --evidence
      curator check --fix-plan safe.plan && curator apply safe.plan
    """
    from curator.catalogue import Tags
    from curator.checks import checks, run
    from curator.checks.check import selected

    chosen = selected(checks(), select, ignore)
    copies = any(each.code[:4] in ("CUR2", "CUR4") for each in chosen)
    tags = Tags.COPIES if copies else Tags.TORN
    with (
        clustered(workbench, on) as cluster,
        fresh_catalogue(workbench, tags=tags, refresh=refresh, cluster=cluster) as index,
    ):
        _known(index, ids)
        view = _view(workbench, index, files, manifests)
        with heard(workbench, "checking") as progress:
            elsewhere = _elsewhere(cluster, index)
            found = run(view, select, ignore, ids=ids, progress=progress, elsewhere=elsewhere)
            findings = sorted(found, key=_order)
        _write(findings, form, evidence)
        if fix_plan is not None:
            from curator.cli.fixing import write_fix_plan

            write_fix_plan(workbench, index, findings, fix_plan)
    _summarise(workbench, findings)
    return 1 if findings else 0


def _elsewhere(cluster: Cluster | None, index: Catalogue) -> Elsewhere | None:
    if cluster is None:
        return None
    from curator.campaign.spread import examiner

    return examiner(cluster, index)


def _known(index: Catalogue, ids: Iterable[str]) -> None:
    for identifier in ids:
        row = index.row(identifier)
        if row is None or row.deleted:
            raise UsageError(
                f"the data store has no image set {identifier}", hint="`curator list` names them"
            )


def _view(
    workbench: Workbench, index: Catalogue, files: Sequence[Path], manifests: Sequence[Path]
) -> CatalogueView:
    from curator.catalogue.files import compare_files, read_manifests

    failures, flattened = [], []
    for folder in manifests:
        refused, warned = read_manifests(folder, index)
        failures += refused
        flattened += warned
    if files:
        found, read, unknown = compare_files(files, index)
        told = {(each.set.id, each.level, each.keyword) for each in flattened}
        flattened += [each for each in found if (each.set.id, each.level, each.keyword) not in told]
        workbench.say(f"{read:,} DICOM files compared; {unknown:,} of them are in no image set")
    return index.view(failures=failures, flattened=flattened)


_RANK = {"error": 0, "warning": 1, "note": 2}


def _order(finding: Finding) -> tuple[int, str, str]:
    return _RANK[finding.severity], finding.code, finding.image_sets[0][0] if finding.image_sets else ""


def _write(findings: Sequence[Finding], form: str, evidence: bool) -> None:
    from curator.checks import checks

    names = {each.code: each.name for each in checks()}
    match form:
        case "sarif":
            from curator.cli.sarif import sarif

            write_json(sarif(findings, checks()))
        case "json":
            write_json([as_json(finding, names, evidence) for finding in findings])
        case "ndjson":
            for finding in findings:
                click.echo(json_text(as_json(finding, names, evidence)))
        case _:
            rows = [_row(finding, names, evidence) for finding in findings]
            columns = (
                COLUMNS
                if any(finding.proposal for finding in findings)
                else {key: heading for key, heading in COLUMNS.items() if key != "proposal"}
            )
            write_rows(
                {**columns, "evidence": "evidence"} if evidence else columns,
                rows,
                Form.TABLE if sys.stdout.isatty() else None,
                empty="nothing found",
            )


def as_json(finding: Finding, names: Mapping[str, str], evidence: bool) -> dict[str, object]:
    """Return a finding as JSON; values only where they were asked for."""
    found: dict[str, object] = {
        "code": finding.code,
        "check": names.get(finding.code, ""),
        "severity": str(finding.severity),
        "message": finding.message,
        "imageSets": [
            {"imageSetId": identifier, "versionId": version} for identifier, version in finding.image_sets
        ],
        "path": str(finding.path) if finding.path else None,
        "safety": str(finding.safety),
        "changes": len(finding.changes),
        "proposal": finding.proposal or None,
    }
    if evidence:
        found["evidence"] = [{"what": what, "value": value} for what, value in finding.evidence]
    return found


def _row(finding: Finding, names: Mapping[str, str], evidence: bool) -> dict[str, object]:
    sets = [identifier for identifier, _ in finding.image_sets]
    more = f" +{len(sets) - 1}" if len(sets) > 1 else ""
    row: dict[str, object] = {
        "severity": str(finding.severity),
        "code": finding.code,
        "check": names.get(finding.code, ""),
        "where": (sets[0] + more) if sets else "",
        "message": finding.message,
        "proposal": finding.proposal,
    }
    if evidence:
        row["evidence"] = "; ".join(f"{what}: {value}" for what, value in finding.evidence)
    return row


def _summarise(workbench: Workbench, findings: Sequence[Finding]) -> None:
    counts = {level: sum(finding.severity == level for finding in findings) for level in _RANK}
    safe = sum(str(finding.safety) == "safe" for finding in findings)
    words = ", ".join(plural(number, level) for level, number in counts.items() if number)
    workbench.say(
        (words or "nothing found") + (f"; {safe:,} can be mended safely (--fix-plan)" if safe else "")
    )
