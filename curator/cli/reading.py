"""``list``, ``show``, ``versions``: what is in the data store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING

import click

from curator.cli.output import Form, form_options, write_json, write_rows
from curator.cli.workbench import Workbench
from curator.errors import NotFound, UsageError
from curator.printable import plural

if TYPE_CHECKING:
    from curator.campaign.history import Origin
    from curator.catalogue import Row
    from curator.dicom import Json
    from curator.healthimaging import ImageSetProperties, ImageSetSummary
    from curator.imageset import ElementPath, ImageSetMetadata

LISTED = {
    "imageSetId": "image set",
    "version": "version",
    "DICOMPatientId": "patient ID",
    "DICOMPatientName": "patient",
    "DICOMStudyDate": "study date",
    "DICOMSeriesModality": "modality",
    "DICOMSeriesNumber": "series",
    "DICOMStudyDescription": "study",
    "isPrimary": "primary",
    "updatedAt": "updated",
}
"""The columns of the list, by SearchImageSets' names."""

SORTABLE = {"updatedAt": "updatedAt", "createdAt": "createdAt", "StudyDate": "DICOMStudyDateAndTime"}

INDEXED = {
    "imageSetId": "image set",
    "version": "version",
    "DICOMPatientId": "patient ID",
    "DICOMPatientName": "patient",
    "DICOMStudyDate": "study date",
    "DICOMSeriesModality": "modality",
    "DICOMSeriesNumber": "series",
    "seriesDescription": "description",
    "instances": "instances",
    "workflowStatus": "status",
    "conflicts": "conflicts",
}
"""The columns of a list that the catalogue answers."""

CATALOGUE_SORTS = {"updatedAt": "updated", "createdAt": "created", "StudyDate": "date"}
"""The service's names of sort fields → the catalogue's."""

VERSIONED = {
    "version": "version",
    "state": "state",
    "workflow": "workflow status",
    "updated_at": "made",
    "forced": "forced",
    "madeBy": "made by",
    "who": "who",
    "message": "message",
}

FIRST_INSTANCES = 1
"""How many instances `show` writes out of each series, unless asked for all."""


@click.command(name="list")
@click.option(
    "--where", metavar="EXPR", help='Only those that match, such as: modality:CT study:"head" !primary.'
)
@click.option(
    "--sort",
    metavar="FIELD",
    help="updatedAt, createdAt, StudyDate, or patient, modality, instances, conflicts …; -FIELD turns it.",
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most N.")
@form_options
@click.pass_obj
def list_(
    workbench: Workbench, where: str | None, sort: str | None, limit: int | None, form: Form | None
) -> None:
    """List the image sets of the data store, the last updated first.

    With --where, and for most sort fields, the local catalogue answers; it first reads image sets that it has not
    seen yet, and says so. A filter's terms must all hold: field:text, field=value, date>=2020-01-01, a|b, !primary.

    \b
    Examples:
      curator list --sort -StudyDate
      curator list --where 'modality:CT study:"head" !deidentified' --sort -conflicts
      curator --store aws:ID list --json | jq -r '.[].imageSetId'
    """
    own = sort is not None and sort.removeprefix("-") not in SORTABLE
    if where or own:
        shown = INDEXED
        rows = iter(_matching(workbench, where, sort))
    else:
        shown = LISTED
        rows = map(summary_row, workbench.imaging.search(sort=_sort(sort)))
    count = write_rows(shown, islice(rows, limit), form, empty="the data store holds no such image set")
    workbench.say(plural(count, "image set"))


def _matching(workbench: Workbench, where: str | None, sort: str | None) -> list[dict[str, object]]:
    """Return the rows that the local catalogue holds, brought up to date first."""
    from curator.catalogue import Where
    from curator.cli.catalogue import fresh_catalogue

    expression = Where.parse(where or "")
    turned = "-" if sort and sort.startswith("-") else ""
    field = sort.removeprefix("-") if sort else ""
    with fresh_catalogue(workbench) as catalogue:
        return [
            indexed_row(row) for row in catalogue.rows(expression, turned + CATALOGUE_SORTS.get(field, field))
        ]


def indexed_row(row: Row) -> dict[str, object]:
    """Return a row of the catalogue: SearchImageSets' names, and what only the documents tell."""
    return {
        "imageSetId": row.id,
        "version": row.version,
        "createdAt": datetime.fromtimestamp(row.created_at, UTC),
        "updatedAt": datetime.fromtimestamp(row.updated_at, UTC),
        "isPrimary": row.primary,
        "storageTier": row.tier,
        "DICOMPatientId": row.patient_id,
        "DICOMPatientName": row.patient_name,
        "DICOMPatientBirthDate": row.birth_date,
        "DICOMPatientSex": row.patient_sex,
        "DICOMStudyInstanceUID": row.study_uid,
        "DICOMStudyId": row.study_id,
        "DICOMStudyDate": row.study_date,
        "DICOMStudyDescription": row.study_description,
        "DICOMAccessionNumber": row.accession,
        "DICOMSeriesInstanceUID": row.series_uid,
        "DICOMSeriesNumber": row.series_number,
        "DICOMSeriesModality": row.modality,
        "DICOMSeriesBodyPart": row.body_part,
        "seriesDescription": row.series_description,
        "manufacturer": row.manufacturer,
        "instances": row.instances,
        "frames": row.frames,
        "state": row.state,
        "workflowStatus": row.status,
        "conflicts": row.conflicts,
        "deidentified": row.deidentified,
    }


def summary_row(found: ImageSetSummary) -> dict[str, object]:
    """Return a row with the names that SearchImageSets uses."""
    return {
        "imageSetId": found.id,
        "version": found.version,
        "createdAt": found.created_at,
        "updatedAt": found.updated_at,
        "isPrimary": found.is_primary,
        "storageTier": found.storage_tier,
        **found.dicom,
    }


def _sort(text: str | None) -> dict[str, str] | None:
    if text is None:
        return None
    name = text.removeprefix("-")
    if name not in SORTABLE:
        raise UsageError("the service sorts by " + ", ".join(SORTABLE))
    # The service's default is the newest first; a bare FIELD means ascending, as everywhere.
    return {"sortField": SORTABLE[name], "sortOrder": "DESC" if text.startswith("-") else "ASC"}


@click.command()
@click.argument("image_set_id", metavar="ID")
@click.option("--version", "version", metavar="N", help="An older version.")
@click.option("--path", "paths", multiple=True, metavar="PATH", help="Only these elements (repeatable).")
@click.option("--all", "everything", is_flag=True, help="All instances, not only the first of each series.")
@form_options
@click.pass_obj
def show(
    workbench: Workbench,
    image_set_id: str,
    version: str | None,
    paths: tuple[str, ...],
    everything: bool,
    form: Form | None,
) -> None:
    """Show the metadata of an image set: one element a line, with path, VR and value.

    --json alone prints the document as the service answers it.

    \b
    Examples:
      curator show ID --path Patient/PatientName --path 'Series[*]/Modality'
      curator show ID --version 1 --json
    """
    from curator.imageset import parse_path

    patterns = [parse_path(text) for text in paths]
    document = workbench.imaging.document(image_set_id, version)
    if form is Form.JSON and not patterns:
        write_json(document.to_json())
        return
    found = _found(document, patterns) if patterns else _overview(document, everything or form is not None)
    rows = ({"path": str(path), "vr": document.vr_of(path), "value": value} for path, value in found)
    count = write_rows(("path", "vr", "value"), rows, form, empty="no such element")
    if patterns and not count:
        raise NotFound("no element of the image set is at this path")
    hidden = 0 if everything or patterns or form else _hidden(document)
    if hidden:
        workbench.say(f"{plural(hidden, 'more instance')}: --all shows them")


def _found(document: ImageSetMetadata, patterns: Iterable[ElementPath]) -> Iterator[tuple[ElementPath, Json]]:
    """Yield what the patterns match; a pattern without an element stands for all attributes of its levels."""
    for pattern in patterns:
        for path, value in document.find(pattern):
            if path.steps or not isinstance(value, dict):
                yield path, value
            else:
                yield from ((path.child(key), inner) for key, inner in value.items())


def _overview(document: ImageSetMetadata, everything: bool) -> Iterator[tuple[ElementPath, Json]]:
    from curator.dicom.levels import Level

    shown: dict[str, int] = {}
    for place in document.places():
        if place.level is Level.INSTANCE:
            shown[place.series] = shown.get(place.series, 0) + 1
            if not everything and shown[place.series] > FIRST_INSTANCES:
                continue
        attributes = document.attributes(place) or {}
        yield from ((place.child(key), value) for key, value in attributes.items())


def _hidden(document: ImageSetMetadata) -> int:
    return sum(max(0, len(series.instances) - FIRST_INSTANCES) for series in document.series.values())


@click.command()
@click.argument("image_set_id", metavar="ID")
@form_options
@click.pass_obj
def versions(workbench: Workbench, image_set_id: str, form: Form | None) -> None:
    """List the versions of an image set, the newest first, with what made those that this project made.

    \b
    Example:
      curator versions ID --json
    """
    from curator.campaign.history import origins

    made = origins(workbench.project(), image_set_id)
    found = (version_row(each, made.get(each.version)) for each in workbench.imaging.versions(image_set_id))
    write_rows(VERSIONED, found, form)


def version_row(found: ImageSetProperties, origin: Origin | None = None) -> dict[str, object]:
    """Return a row of the versions list."""
    return {
        "imageSetId": found.id,
        "version": found.version,
        "state": found.state,
        "workflow": found.workflow,
        "created_at": found.created_at,
        "updated_at": found.updated_at,
        "forced": found.forced,
        "isPrimary": found.is_primary,
        "message": found.message or None,
        "madeBy": origin.words if origin is not None else None,
        "campaign": (origin.campaign or None) if origin is not None else None,
        "who": origin.user if origin is not None else None,
    }
