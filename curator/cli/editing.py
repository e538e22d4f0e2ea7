"""``set``, ``remove``, ``revert``, ``copy``, ``delete``: one image set, one call of the service where one holds it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from curator.cli.output import Form, json_option, write, write_json
from curator.cli.workbench import Workbench
from curator.errors import LimitExceeded, Refused, UsageError
from curator.printable import plural

if TYPE_CHECKING:
    from curator.cli.payload import Payload
    from curator.dicom import Json
    from curator.healthimaging import HealthImaging
    from curator.imageset import ImageSetMetadata

QUOTA = 10_000
"""Bytes of one call's payload (guide, quotas: 10 KB). assumption: 10 KB counts raw bytes, both blobs together,
1 KB = 1,000."""

force_option = click.option(
    "--force", is_flag=True, help="Override what the service forbids otherwise (recorded)."
)
id_argument = click.argument("image_set_id", metavar="ID")


@click.command(name="set")
@id_argument
@click.argument("assignments", nargs=-1, required=True, metavar="PATH=VALUE...")
@force_option
@click.option("--study-wide", is_flag=True, help="Also the study's other primary image sets.")
@json_option
@click.pass_obj
def set_(
    workbench: Workbench,
    image_set_id: str,
    assignments: tuple[str, ...],
    force: bool,
    study_wide: bool,
    form: Form | None,
) -> None:
    """Set attributes of one image set by one call, or with --force by a plan; prints the new version.

    A value is typed by its VR; the backslash parts the values of a multi-valued attribute; a sequence is a JSON
    list of items. PATH=@FILE and PATH=@- keep a value off the command line. PATH:VR=VALUE names the VR of a new
    private element.

    \b
    Examples:
      curator set ID Patient/PatientName=Doe^Jane 'Series[*]/BodyPartExamined=CHEST'
      curator set ID PatientID=@- < id.txt
      curator set --force ID 'Instances[*]/00191001:LO=phantom'
    """
    from curator.cli.payload import to_set
    from curator.cli.values import parse_assignment

    wanted = [parse_assignment(word) for word in assignments]
    version, document = _latest(workbench.imaging, image_set_id)
    _send(
        workbench,
        image_set_id,
        version,
        document,
        to_set(document, wanted, force=force),
        force=force,
        study_wide=study_wide,
        form=form,
    )


@click.command()
@id_argument
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@force_option
@click.option("--study-wide", is_flag=True, help="Also the study's other primary image sets.")
@json_option
@click.pass_obj
def remove(
    workbench: Workbench,
    image_set_id: str,
    paths: tuple[str, ...],
    force: bool,
    study_wide: bool,
    form: Form | None,
) -> None:
    """Remove attributes, instances or series by one call, or with --force by a plan; prints the new version.

    The frames of a removed instance stay stored, and billed, until the image set is deleted.

    \b
    Examples:
      curator remove ID Patient/PatientBirthDate 'Instances[*]/OperatorsName'
      curator remove ID 'Instances[1.2.840.1.2]'
    """
    from curator.cli.payload import to_remove
    from curator.imageset import parse_path

    patterns = [parse_path(text) for text in paths]
    version, document = _latest(workbench.imaging, image_set_id)
    _send(
        workbench,
        image_set_id,
        version,
        document,
        to_remove(document, patterns),
        force=force,
        study_wide=study_wide,
        form=form,
    )


def _latest(imaging: HealthImaging, image_set_id: str) -> tuple[str, ImageSetMetadata]:
    """Return the latest version and its document."""
    version = imaging.image_set(image_set_id).version
    return version, imaging.document(image_set_id, version)


def _send(
    workbench: Workbench,
    image_set_id: str,
    version: str,
    document: ImageSetMetadata,
    payload: Payload,
    *,
    force: bool,
    study_wide: bool,
    form: Form | None,
) -> None:
    """Make the one call and wait for it; what one call cannot hold goes through a plan, which wants ``force``."""
    if payload.size > QUOTA:
        if study_wide or not force:
            raise LimitExceeded(
                f"the change needs {payload.size} bytes, and one call holds {QUOTA}",
                hint="with --force it is planned, packed into several calls, and can be undone",
            )
        from curator.cli.large_edits import edit_by_plan

        made = edit_by_plan(workbench, image_set_id, version, document, payload)
        _tell(form, {"imageSetId": image_set_id, "version": made, "before": version}, made)
        return
    imaging = workbench.imaging
    made = imaging.update(
        image_set_id,
        version,
        updatable=payload.updatable,
        removable=payload.removable,
        force=force,
        study_wide=study_wide,
    )
    imaging.wait(image_set_id, made)
    _record(workbench, "UpdateImageSetMetadata", image_set_id, made)
    workbench.say(f"{plural(payload.count, 'element')} changed: version {version} → {made}")
    _tell(form, {"imageSetId": image_set_id, "version": made, "before": version}, made)


@click.command()
@id_argument
@click.option("--to", required=True, metavar="N", help="The version whose content becomes the latest again.")
@force_option
@json_option
@click.pass_obj
def revert(workbench: Workbench, image_set_id: str, to: str, force: bool, form: Form | None) -> None:
    """Make a new version with the content of an old one; prints the new version. Nothing is lost by it.

    \b
    Example:
      curator revert ID --to 1
    """
    imaging = workbench.imaging
    before = imaging.image_set(image_set_id).version
    if not to.isdigit() or int(to) > int(before):
        raise UsageError(f"--to takes a version from 1 to {before}")
    made = imaging.revert(image_set_id, before, to, force=force)
    imaging.wait(image_set_id, made)
    _record(workbench, "UpdateImageSetMetadata", image_set_id, made, revert_to=to)
    workbench.say(f"version {made} has the content of version {to}")
    _tell(form, {"imageSetId": image_set_id, "version": made, "before": before}, made)


@click.command()
@id_argument
@click.option("--to", "destination", metavar="ID", help="Copy into this image set instead of a new one.")
@click.option("--series", multiple=True, metavar="UID", help="Only this series (repeatable).")
@click.option(
    "--instances",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Only the instances whose SOP Instance UIDs FILE lists, one a line.",
)
@force_option
@click.option("--promote", is_flag=True, help="Make the result the primary image set.")
@json_option
@click.pass_obj
def copy(
    workbench: Workbench,
    image_set_id: str,
    destination: str | None,
    series: tuple[str, ...],
    instances: Path | None,
    force: bool,
    promote: bool,
    form: Form | None,
) -> None:
    """Copy an image set, whole or in part, into a new one or into another; prints the result's id.

    \b
    Examples:
      curator copy ID
      curator copy ID --to OTHER --instances uids.txt
    """
    imaging = workbench.imaging
    version = imaging.image_set(image_set_id).version
    uids = set(instances.read_text().split()) if instances else None
    copiable = (
        _subset(imaging, image_set_id, version, set(series), uids) if series or uids is not None else None
    )
    into = (destination, imaging.image_set(destination).version) if destination else None
    outcome = imaging.copy(
        image_set_id, version, destination=into, copiable=copiable, force=force, promote=promote
    )
    done = imaging.wait(outcome.destination_id)
    imaging.wait(image_set_id)
    _record(workbench, "CopyImageSet", outcome.destination_id, done.version)
    workbench.say(f"copied into image set {outcome.destination_id} version {done.version}")
    row: dict[str, Json] = {
        "imageSetId": outcome.destination_id,
        "version": done.version,
        "source": image_set_id,
    }
    _tell(form, row, outcome.destination_id)


def _subset(
    imaging: HealthImaging, image_set_id: str, version: str, series: set[str], instances: set[str] | None
) -> Mapping[str, Json]:
    """Return ``copiableAttributes`` for the series and instances asked for; all must be there."""
    chosen: dict[str, Json] = {}
    missing = set(instances or ()) | series
    for series_uid, sop_uid, _ in imaging.document(image_set_id, version).instances():
        if (series and series_uid not in series) or (instances is not None and sop_uid not in instances):
            continue
        node = chosen.setdefault(series_uid, {"Instances": {}})
        node["Instances"][sop_uid] = {}  # type: ignore[index,call-overload]
        missing -= {series_uid, sop_uid}
    if missing or not chosen:
        raise UsageError(f"{len(missing)} of the UIDs given are not in the image set")
    return {"SchemaVersion": "1.1", "Study": {"Series": chosen}}


@click.command()
@id_argument
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def delete(workbench: Workbench, image_set_id: str, yes: bool) -> None:
    """Delete an image set with all its versions, for good. Asks for the id to be typed.

    \b
    Example:
      curator delete ID --yes
    """
    from curator.cli.asking import confirm

    found = workbench.imaging.image_set(image_set_id)
    if found.locked:
        raise Refused(
            f"image set {image_set_id} is LOCKED ({found.workflow})", hint="try again when it is done"
        )
    confirm(image_set_id, "the image set", yes)
    workbench.imaging.delete(image_set_id)
    workbench.say(f"image set {image_set_id} is being deleted")


def _record(
    workbench: Workbench, operation: str, image_set_id: str, version: str, *, revert_to: str = ""
) -> None:
    """Record a call without a plan in the project's ledger, so that the version's history names who made it."""
    from curator.campaign.history import record_write
    from curator.campaign.identity import who

    record_write(
        workbench.project(), who(workbench.spec()), operation, image_set_id, version, revert_to=revert_to
    )


def _tell(form: Form | None, whole: Mapping[str, Json], short: str) -> None:
    if form is Form.JSON:
        write_json(whole)
    else:
        write(short)
