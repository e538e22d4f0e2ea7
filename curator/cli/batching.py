"""``batch``: from rule files all the way to the report, unattended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from curator.cli.catalogue import fresh_catalogue
from curator.cli.deidentify import Wanted, published
from curator.cli.output import Form, json_option, write, write_json
from curator.cli.planning import Asked, asked_for, planning_options, write_planned
from curator.cli.reporting import keep_report
from curator.cli.walking import begin, clustered, on_option, plan_path, run_apply, run_verify
from curator.cli.workbench import Workbench
from curator.errors import LimitExceeded, UsageError, VerificationFailed
from curator.printable import plural

if TYPE_CHECKING:
    from curator.campaign.cluster import Cluster
    from curator.campaign.publications import Request
    from curator.deid.pixelreview import PixelDecision
    from curator.rulefile.batching import Batch


@click.command()
@click.argument("words", nargs=-1, metavar="[RULES...] [ID...]")
@planning_options
@click.option("--dry-run", is_flag=True, help="Plan and say what it costs; change nothing.")
@click.option(
    "--max-image-sets", type=click.IntRange(1), metavar="N", help="Refuse to change more image sets."
)
@click.option("--include-review", is_flag=True, help="Also changes that want a person's review.")
@click.option("--fail-on", multiple=True, metavar="CODE", help="End with 1 if a rule finds this.")
@click.option(
    "--report",
    "report_to",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the report there too (.html, .md, .json or .csv).",
)
@on_option
@json_option
@click.pass_obj
def batch(
    workbench: Workbench, words: tuple[str, ...], where: str, resolve: str | None, payload: int, choices: Path | None, copy_primary: bool,
    dry_run: bool, max_image_sets: int | None, include_review: bool, fail_on: tuple[str, ...],
    report_to: Path | None, on: str | None, form: Form | None,
) -> int:  # fmt: skip
    """Plan, apply, verify and report in one, for schedulers; the summary on stdout can be mailed.

    With --resolve conflicts come first, then, from the result, the rules: two campaigns. A file's `batch:` asks for
    that too, and for a publication at the end: so a session saved in the terminal interface is replayed. Only changes
    that the rules call safe are made, unless --include-review. Exit codes: 0 done, 1 something is open or was found,
    5 not as planned.

    \b
    Examples:
      curator batch body-part-terms --where 'modality:CT' --max-image-sets 500
      curator batch --resolve majority --dry-run
      curator batch body-part-terms --on dask
      curator batch session.yaml
    """
    asked = asked_for(words, where, resolve, payload, choices, not include_review, copy_primary)
    steps = _Steps.of(asked)
    told: list[dict[str, object]] = []
    code = 0
    emptied: frozenset[str] = frozenset()
    with clustered(workbench, on) as cluster:
        for stage, wanted in (("resolve", steps.resolve), ("rules", steps.rules)):
            if wanted is not None:
                wanted = replace(wanted, without=emptied)
                summary, outcome, gone = _stage(
                    workbench, stage, wanted, dry_run, max_image_sets, fail_on, report_to, cluster
                )
                emptied |= gone
                told.append(summary)
                code = max(code, outcome)
        if steps.publish is not None:
            summary, outcome = _publish(
                workbench, steps.publish, emptied, Wanted(None, dry_run, max_image_sets, report_to), cluster
            )
            told.append(summary)
            code = max(code, outcome)
    if form is Form.JSON:
        write_json(told)
    else:
        for summary in told:
            write(
                "\n".join(
                    f"{name:<14} {value}" for name, value in summary.items() if value not in ("", [], {})
                )
            )
    if code == 5:
        raise VerificationFailed(
            "Image sets are not as planned.", hint="`curator report CAMPAIGN` names them"
        )
    return code


@dataclass(frozen=True, slots=True)
class _Publish:
    """What a file's ``batch:`` asks to be published, of which image sets."""

    request: Request
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Steps:
    """What is asked for, step by step; None for a step that is not."""

    resolve: Asked | None
    rules: Asked | None
    publish: _Publish | None

    @classmethod
    def of(cls, asked: Asked) -> _Steps:
        """Sort out what the options and the files' ``batch:`` ask for; UsageError where files contradict each other."""
        from curator.campaign.resolutions import Resolution, Word
        from curator.rulefile.batching import batch_of

        found = [(file, batch) for file in asked.files if (batch := batch_of(file)) is not None]
        ways = {batch.resolve for _, batch in found if batch.resolve}
        profiles = {(batch.publish, _both(asked.where, file.where)) for file, batch in found if batch.publish}
        if len(profiles) > 1 or (asked.resolve is None and len(ways) > 1):
            raise UsageError(
                "These files ask for different things in batch:.", hint="replay one after the other"
            )
        way = asked.resolve or next(iter(ways), None)
        decided = tuple(
            Resolution(each.scope, each.group, each.element, Word(each.choice), each.value, why=each.why)
            for _, batch in found
            for each in batch.resolutions
        )
        within = {batch.among for _, batch in found if batch.resolve}
        narrowed = (
            _both(asked.where, within.pop()) if asked.resolve is None and len(within) == 1 else asked.where
        )
        files = tuple(file for file in asked.files if file.rules or batch_of(file) is None)
        return cls(
            replace(asked, files=(), resolve=way, where=narrowed, decided=decided) if way else None,
            replace(asked, files=files, resolve=None) if files else None,
            _publication(asked, *profiles.pop(), [batch for _, batch in found]) if profiles else None,
        )


def _publication(asked: Asked, profile: str, where: str, found: Sequence[Batch]) -> _Publish:
    from curator.campaign.publications import Request
    from curator.deid.decisions import Decision
    from curator.deid.pixelreview import PixelDecision, Verdict

    decisions = tuple(
        Decision(each.element, each.vr, each.value, each.decision, each.replacement, why=each.why)
        for batch in found
        for each in batch.decisions
    )
    seen = tuple(
        PixelDecision(each.instance, Verdict(each.decision), each.pixels, each.by, each.when, each.why)
        for batch in found
        for each in batch.pixels
    )
    request = Request(profile, where=where, payload=asked.payload, decisions=decisions, seen=seen)
    return _Publish(request, asked.ids)


def _both(one: str, other: str) -> str:
    return f"{one} {other}".strip()


def _publish(
    workbench: Workbench, asked: _Publish, emptied: frozenset[str], wanted: Wanted, cluster: Cluster | None
) -> tuple[dict[str, object], int]:
    """Publish what is new, but what merges emptied; return the summary and the exit code."""
    from curator.campaign.publications import rows_of
    from curator.campaign.published_before import SAYS

    request = replace(asked.request, ids=asked.ids, narrowed=True, without=emptied)
    with fresh_catalogue(workbench, cluster=cluster) as catalogue:
        rows = rows_of(catalogue, request)
    if all(row.deidentified for row in rows):
        said = [f"{row.id}: {SAYS}" for row in rows]
        return {
            "stage": f"published by {request.profile}",
            "applied": "nothing to do",
            "skipped": said,
        }, 0
    if not wanted.dry_run:
        _take_along(workbench, request.seen)
    outcome = published(workbench, request, wanted, cluster)
    applied = {}
    if wanted.dry_run or not outcome.made.cost.calls:
        applied = {"applied": "no: a dry run" if wanted.dry_run else "nothing to do"}
    return {
        "stage": f"published by {request.profile}"
    } | outcome.summary | applied, 5 if outcome.failed else outcome.code


def _take_along(workbench: Workbench, seen: Sequence[PixelDecision]) -> None:
    """Keep in the project what a file says of pixels: what is published by it is proved by it later, too."""
    from curator.campaign.reviewing import review, told_of_pixels, unheard

    told = told_of_pixels(workbench.project())
    new = unheard(told, seen)
    if new:
        review(workbench.project(), new)
    known = {(each.sop, each.verdict, each.pixels) for each in told}
    passed = sum((each.sop, each.verdict, each.pixels) not in known for each in seen) - len(new)
    if new or passed:
        over = f"; {passed:,} NOT: the project's own reviewers said otherwise" if passed else ""
        workbench.say(f"{plural(len(new), 'decision')} about pixels taken from the file{over}")


def _stage(
    workbench: Workbench, stage: str, asked: Asked, dry_run: bool, most: int | None, fail_on: Sequence[str],
    report_to: Path | None, cluster: Cluster | None,
) -> tuple[dict[str, object], int, frozenset[str]]:  # fmt: skip
    """Carry out one stage and return its summary, the exit code, and the image sets that its merges emptied."""
    from curator.plan.cost import spelled

    with (
        plan_path(workbench) as path,
        fresh_catalogue(workbench, tags=asked.tags, cluster=cluster) as catalogue,
    ):
        made, planning = write_planned(workbench, catalogue, asked, path, cluster)
        summary: dict[str, object] = {
            "stage": asked.title,
            "campaign": made.digest[:12],
            "changes": made.cost.changes,
            "image_sets": made.cost.image_sets,
            "calls": made.cost.calls,
            "time": spelled(made.cost.seconds()) + " at the service's rates",
            "left_out": made.cost.left_out,
            "skipped": len(planning.skipped),
            "findings": planning.findings,
        }
        found = int(any(code in planning.findings for code in fail_on))
        emptied = frozenset(name for unit in made.units() for name in unit.emptied)
        if dry_run or not made.cost.calls:
            if most is not None and made.cost.image_sets > most:
                raise LimitExceeded(
                    f"{made.cost.image_sets} image sets would be changed; the limit is {most}."
                )
            return {**summary, "applied": "no: a dry run" if dry_run else "nothing to do"}, found, emptied
        campaign = begin(workbench, path)
    applied = run_apply(workbench, campaign, most)
    proofs = run_verify(workbench, campaign, cluster)
    if report_to is not None and stage != "rules":
        report_to = report_to.with_stem(f"{report_to.stem}-{stage}")
    kept = keep_report(campaign, report_to)
    failed = sum(not proof.holds for proof in proofs)
    summary |= {
        "applied": ", ".join(f"{count} {status}" for status, count in applied.statuses.items()),
        "open": [f"{title}: {status}: {reason}" for _, title, status, reason in applied.open[:20]],
        "verified": f"{plural(failed, 'unit')} NOT as planned" if failed else "as planned",
        "report": str(kept),
    }
    return summary, 5 if failed else int(bool(applied.open) or found), emptied
