"""Files of one image set disagreed on an element that the service keeps once.

## What it does
Compares DICOM files (`curator check --p10 FOLDER`) with the image sets that hold their instances: where the files of
one set disagree on a Patient, Study or Series element, the service has kept one value and dropped the others.

## Why is this bad?
The lost value is in no version of the image set. It may have been the right one: of 306 real series, 12 disagree in
non-empty values of Modality, Manufacturer, PatientName, InstitutionName and the like.

## Example
Slices 1–60 say StationName CT1, slices 61–120 say CT2; the image set says CT1 for all.

## Fix safety
Report only: what was dropped is only in the files.
"""

from __future__ import annotations

from collections.abc import Iterator

from curator.checks.check import StoreCheck
from curator.checks.view import View
from curator.dicom.levels import Level
from curator.findings import Finding, Severity
from curator.imageset import ElementPath
from curator.printable import plural

CODE = "CUR108"


def run(view: View) -> Iterator[Finding]:
    """Yield one finding an element and image set."""
    for found in view.flattened:
        yield Finding(
            CODE,
            Severity.WARNING,
            f"{found.keyword}: {plural(len(found.values), 'value')} in the files of one image set, which keeps one",
            (found.set.ref,),
            ElementPath(
                found.level, found.series_uid if found.level is Level.SERIES else "", steps=(found.keyword,)
            ),
            tuple((plural(files, "file"), value) for value, files in found.values),
        )


CHECK = StoreCheck(CODE, "flattened", Severity.WARNING, __doc__, run)
