"""``merge`` and ``split``: image sets put together and taken apart, through a plan like any other change."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from curator.cli.output import Form, json_option, write, write_json
from curator.cli.planning import choice_options, read_choices
from curator.cli.walking import begin, plan_path, run_apply, run_verify, tell_open
from curator.cli.workbench import Workbench
from curator.errors import UsageError, VerificationFailed

if TYPE_CHECKING:
    from curator.plan.merging import Party
    from curator.plan.units import Unit

plan_option = click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="PLAN",
    help="Only write the plan.",
)


@click.command()
@click.argument("destination", metavar="DEST")
@click.argument("sources", nargs=-1, required=True, metavar="SRC...")
@click.option(
    "--resolve",
    type=click.Choice(("majority", "newest", "destination")),
    default="majority",
    show_default=True,
)
@choice_options
@click.option(
    "--no-align", is_flag=True, help="Leave the sources as they are; their differing values are lost."
)
@plan_option
@json_option
@click.pass_obj
def merge(
    workbench: Workbench, destination: str, sources: tuple[str, ...], resolve: str, choices: Path | None,
    no_align: bool, output: Path | None, form: Form | None,
) -> int:  # fmt: skip
    """Merge image sets of one series into DEST: align what disagrees, copy what DEST lacks, verify.

    The sources stay, tagged, until `curator finish`.

    \b
    Examples:
      curator merge DEST SRC1 SRC2
      curator merge DEST SRC --resolve newest -o merge.plan
    """
    from curator.campaign.resolutions import right_values
    from curator.plan.merging import Choice, plan_merge

    if len({destination, *sources}) != len(sources) + 1:
        raise UsageError("An image set cannot be merged into itself, nor twice.")
    unit = plan_merge(
        [_party(workbench, each) for each in (destination, *sources)],
        how=Choice(resolve),
        given=right_values(read_choices(choices)),
        align=not no_align,
    )
    for loss in unit.losses[:10]:
        workbench.say(f"lost: {loss}")
    return _walk(workbench, unit, output, form)


@click.command()
@click.argument("image_set", metavar="ID")
@click.option(
    "--by", "element", metavar="ELEMENT", help="One image set for each value (SOPClassUID, ImageType, …)."
)
@click.option(
    "--instances",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The instances to move out: SOP Instance UIDs, one a line.",
)
@plan_option
@json_option
@click.pass_obj
def split(
    workbench: Workbench, image_set: str, element: str | None, instances: Path | None, output: Path | None,
    form: Form | None,
) -> int:  # fmt: skip
    """Split an image set: the largest group stays, each other one moves to a new image set.

    \b
    Examples:
      curator split ID --by SOPClassUID
      curator split ID --instances scouts.txt
    """
    from curator.imageset import parse_path
    from curator.plan.splitting import groups_by, groups_of, plan_split

    if (element is None) == (instances is None):
        raise UsageError("Say either --by ELEMENT or --instances FILE.")
    party = _party(workbench, image_set)
    if element is not None:
        groups = groups_by(party.doc, parse_path(element))
    else:
        assert instances is not None
        groups = groups_of(party.doc, instances.read_text(encoding="ascii", errors="replace").split())
    return _walk(workbench, plan_split(party, groups), output, form)


def _party(workbench: Workbench, image_set: str) -> Party:
    from curator.plan.merging import Party

    imaging = workbench.imaging
    seen = imaging.wait(image_set)
    updated = seen.updated_at.timestamp() if seen.updated_at else 0.0
    document = imaging.document(image_set, seen.version)
    return Party(image_set, seen.version, document, bool(seen.is_primary), updated)


def _walk(workbench: Workbench, unit: Unit, output: Path | None, form: Form | None) -> int:
    """Write the plan, or write, apply and verify it."""
    from curator.campaign.planfile import write_plan
    from curator.campaign.planning import header

    project = workbench.project()
    first = header(
        title=unit.title,
        store=workbench.spec(),
        datastore=workbench.imaging.datastore_id,
        project=str(project.root),
        rules=(),
        options={},
    )
    if output is not None:
        plan = write_plan(output, first, [unit])
        workbench.say(f"{output}: campaign {plan.digest[:12]}; review it, then `curator apply {output}`")
        return 0
    with plan_path(workbench) as path:
        write_plan(path, first, [unit])
        campaign = begin(workbench, path)
    applied = run_apply(workbench, campaign, None)
    if not applied.complete:
        tell_open(applied, form, campaign.id)
        return 1
    proofs = run_verify(workbench, campaign)
    if not all(proof.holds for proof in proofs):
        raise VerificationFailed(
            "The image sets are not as planned.", hint=f"curator undo {campaign.id[:12]}"
        )
    made = sorted(campaign.state()[0].names.values())
    if form is Form.JSON:
        write_json({"campaign": campaign.id, "made": made, "emptied": list(unit.emptied)})
    else:
        write(campaign.id[:12])
        for each in made:
            write(each)
    return 0
