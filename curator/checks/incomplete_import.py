"""An import job refused files of a series whose other files it took.

## What it does
Reads import jobs' output (`curator check --manifest FOLDER`: `SUCCESS/success.ndjson`, `FAILURE/failure.ndjson`) and
finds refused files in folders from which others were imported.

## Why is this bad?
The image set looks whole; that 3 of 120 slices were refused stands only in a manifest that nobody opens.

## Example
117 files imported, 3 refused: "DICOM attribute TransferSyntaxUID does not exist".

## Fix safety
Report only: mend the files and import them again.
"""

from __future__ import annotations

from collections.abc import Iterator

from curator.checks.check import StoreCheck
from curator.checks.view import View
from curator.findings import Finding, Severity
from curator.printable import plural

CODE = "CUR404"


def run(view: View) -> Iterator[Finding]:
    """Yield one finding for each reason and group of sets."""
    for failure in view.failures:
        beside = f", beside {plural(failure.imported, 'file')} imported" if failure.imported else ""
        yield Finding(
            CODE,
            Severity.ERROR if failure.beside else Severity.WARNING,
            f"{plural(failure.files, 'file')} refused by the import{beside}: {failure.reason}",
            tuple(facts.ref for facts in failure.beside),
        )


CHECK = StoreCheck(CODE, "incomplete-import", Severity.ERROR, __doc__, run)
