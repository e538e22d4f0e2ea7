"""``export``: curated DICOM P10 files back out of the data store, by its DICOMweb reads."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from curator.cli.output import write
from curator.cli.workbench import Workbench
from curator.errors import CuratorError, ServiceError
from curator.printable import plural

if TYPE_CHECKING:
    from curator.healthimaging import HealthImaging
    from curator.imageset import ImageSetMetadata

AT_ONCE = 4
"""Instances read at the same time; the service allows 50 a second (guide, throttling limits)."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One instance to write: where it is, and the file it becomes."""

    image_set_id: str
    uids: tuple[str, str, str]
    document: ImageSetMetadata
    target: Path
    ordinal: str  # "instance 17 of 120": errors name it so, because a UID is PHI


@click.command()
@click.argument("image_set_ids", nargs=-1, required=True, metavar="ID...")
@click.option(
    "-o",
    "--output",
    "folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where the folders of the image sets go.",
)
@click.option(
    "--transfer-syntax", metavar="UID", help="Instead of Explicit VR Little Endian; * is the stored one."
)
@click.pass_obj
def export(
    workbench: Workbench, image_set_ids: tuple[str, ...], folder: Path, transfer_syntax: str | None
) -> None:
    """Write image sets as DICOM files, with their latest metadata and frames; prints each file's path.

    Text is UTF-8, the preamble zero; the file meta names curator as the writer and nobody before it.

    Files are named DIR/ID/00001.dcm, never by a UID. Files that are there already are overwritten.

    \b
    Examples:
      curator export ID -o curated
      curator list --where modality:CT | cut -f1 | xargs curator export -o curated
    """
    from curator.part10 import Unwritable, instance_file
    from curator.project import private_folder, write_private

    imaging = workbench.imaging
    done, failures = 0, []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        wanted = (one for image_set_id in image_set_ids for one in _instances(imaging, image_set_id, folder))

        def fetch(one: _Wanted) -> tuple[_Wanted, bytes | CuratorError]:
            try:
                delivered = imaging.instance_dicom(
                    one.image_set_id, *one.uids, transfer_syntax=transfer_syntax
                )
                return one, instance_file(delivered, one.document, one.uids[2])
            except (ServiceError, Unwritable) as error:
                return one, error

        for one, content in pool.map(fetch, wanted):
            if isinstance(content, CuratorError):
                failures.append(f"{one.image_set_id}, {one.ordinal}: {content.message}")
                continue
            private_folder(one.target.parent)
            write_private(one.target, content)
            write(str(one.target))
            done += 1
    workbench.say(f"{plural(done, 'file')} written")
    if failures:
        raise CuratorError(
            "\n".join([f"{plural(len(failures), 'instance')} could not be written", *failures[:20]])
        )


def _instances(imaging: HealthImaging, image_set_id: str, folder: Path) -> Iterator[_Wanted]:
    document = imaging.document(image_set_id)
    study = str(document.study.get("StudyInstanceUID", ""))
    total = document.instance_count
    for number, (series, sop, _) in enumerate(document.instances(), 1):
        target = folder / image_set_id / f"{number:05d}.dcm"
        yield _Wanted(image_set_id, (study, series, sop), document, target, f"instance {number} of {total}")
