"""``report`` and ``audit``: evidence for people and programs, and the check that it is whole."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from curator.cli.output import Form, form_options, write_rows
from curator.cli.walking import campaign_argument, campaign_of
from curator.cli.whole_help import WholeHelp
from curator.cli.workbench import Workbench
from curator.errors import UsageError, VerificationFailed
from curator.printable import plural

if TYPE_CHECKING:
    from curator.audit import Head
    from curator.campaign.journal import Campaign

FORMS = ("html", "md", "json", "csv")


def keep_report(campaign: Campaign, target: Path | None) -> Path:
    """Write a campaign's report beside its plan and, in the form that its name asks for, to ``target``."""
    from curator.report.writing import form_of, write_report

    kept = campaign.folder / "report.md"
    write_report(campaign, "md", kept)
    if target is not None:
        write_report(campaign, form_of(target), target)
    return target or kept


@click.command()
@campaign_argument
@click.option("--format", "form", type=click.Choice(FORMS), help="Default: by the file's name, else md.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write it there (0600) instead of printing it.",
)
@click.option("--with-phi", is_flag=True, help="Add sampled values before and after (identified data).")
@click.pass_obj
def report(
    workbench: Workbench, campaign: str, form: str | None, output: Path | None, with_phi: bool
) -> None:
    """Say what a campaign did, who, when, why, what it left out, and how it was proved.

    CAMPAIGN is the beginning of its id, its plan file, or `latest`.

    \b
    Examples:
      curator report latest
      curator report latest -o evidence.html     # one page to keep, print and sign
      curator report 3f2a -o evidence.csv
    """
    from curator.report.writing import form_of, report_text, write_report

    found = campaign_of(workbench, campaign)
    if output is None:
        sys.stdout.write(report_text(found, form or "md", with_phi=with_phi))
        return
    write_report(found, form or form_of(output), output, with_phi=with_phi)
    workbench.say(f"{output}: report of campaign {found.id[:12]}")


@click.group(cls=WholeHelp)
def audit() -> None:
    """The ledgers: what was done, chained so that nothing in them can change unseen.

    \b
    Examples:
      curator audit verify
      curator audit head
    """


@audit.command(name="verify")
@click.argument("campaign", metavar="[CAMPAIGN]", required=False)
@click.option("--head", "heads", multiple=True, metavar="N:CHAIN", help="A head from a report or mail.")
@click.option("--values", is_flag=True, help="Hold keyed hashes against the plans, too (needs the key).")
@form_options
@click.pass_obj
def verify(
    workbench: Workbench, campaign: str | None, heads: tuple[str, ...], values: bool, form: Form | None
) -> None:
    """Check the ledgers of all campaigns, or of one against heads kept elsewhere; exit 5 if one was changed.

    \b
    Example:
      curator audit verify latest --head 17:3f2a…
    """
    from curator.audit import Head, check

    if heads and campaign is None:
        raise UsageError("A head belongs to one campaign: name it.")
    try:
        given = [Head.parse(text) for text in heads]
    except ValueError as error:
        raise UsageError(f"A head cannot be read: {error}.") from None
    rows: list[dict[str, object]] = []
    checked = 0
    for name, path, kept in _ledgers(workbench, campaign):
        checked += 1
        pairs = [(head.n, head.chain) for head in (*kept, *given)]
        rows += [{"ledger": name, "line": each.line, "problem": each.what} for each in check(path, pairs)]
    if values:
        rows += _broken_seals(workbench, campaign)
    write_rows(
        ("ledger", "line", "problem"),
        rows,
        form,
        empty=f"{plural(checked, 'ledger is', 'ledgers are')} whole",
    )
    if rows:
        raise VerificationFailed(
            f"{plural(len(rows), 'problem')} in the ledgers.", hint="compare with copies kept elsewhere"
        )


def _broken_seals(workbench: Workbench, campaign: str | None) -> Iterator[dict[str, object]]:
    from curator.campaign.journal import Campaign
    from curator.campaign.sealing import broken_seals

    project = workbench.project()
    names = [campaign] if campaign is not None else [folder.name for folder in project.campaigns()]
    for name in names:
        found = campaign_of(workbench, name) if campaign is not None else Campaign.open(project, name)
        for line, what in broken_seals(found):
            yield {"ledger": found.id[:12], "line": line, "problem": what}


@audit.command(name="head")
@click.argument("campaign", metavar="[CAMPAIGN]", required=False)
@form_options
@click.pass_obj
def head(workbench: Workbench, campaign: str | None, form: Form | None) -> None:
    """Print the ledgers' heads, to be kept elsewhere: against them a cut ledger shows."""
    from curator.audit import newest_head

    rows = (
        {"ledger": name, "head": str(newest_head(path) or "")}
        for name, path, _ in _ledgers(workbench, campaign)
    )
    write_rows(("ledger", "head"), rows, form, empty="no ledgers yet")


def _ledgers(workbench: Workbench, campaign: str | None) -> Iterator[tuple[str, Path, list[Head]]]:
    """Yield each ledger with its name and the heads that are kept for it in the project."""
    from curator.campaign.auditing import anchored_heads, heads_of
    from curator.campaign.journal import Campaign

    project = workbench.project()
    own = project.root / "ledger.jsonl"
    anchored = anchored_heads(project)
    if campaign is None and own.exists():
        yield "project", own, []
    chosen = (
        [campaign_of(workbench, campaign)]
        if campaign is not None
        else [Campaign.open(project, folder.name) for folder in project.campaigns()]
    )
    for found in chosen:
        yield found.id[:12], found.ledger_path, heads_of(found, anchored)
