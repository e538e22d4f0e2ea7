"""``frames``: the image frames of an image set, as a list or as PNG files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from curator.cli.output import Form, form_options, write, write_rows
from curator.cli.workbench import Workbench
from curator.errors import CuratorError
from curator.printable import plural

if TYPE_CHECKING:
    from curator.pictures import Frame

COLUMNS = {
    "number": "no.",
    "frameId": "frame",
    "width": "width",
    "height": "height",
    "minimum": "min",
    "maximum": "max",
    "bytes": "bytes",
}


@click.command()
@click.argument("image_set_id", metavar="ID")
@click.option("--version", "version", metavar="N", help="The frames of an older version.")
@click.option(
    "--png",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write PNG files.",
)
@click.option("--number", type=click.IntRange(min=1), metavar="N", help="Only this frame.")
@form_options
@click.pass_obj
def frames(
    workbench: Workbench,
    image_set_id: str,
    version: str | None,
    folder: Path | None,
    number: int | None,
    form: Form | None,
) -> None:
    """List the frames of an image set, or write them as PNG files (8 bits, windowed for looking at).

    Files are named by the image set and the frame's number, never by a UID.

    \b
    Examples:
      curator frames ID
      curator frames ID --png pictures --number 1
    """
    from curator.pictures import frames_of

    document = workbench.imaging.document(image_set_id, version)
    chosen = [frame for frame in frames_of(document) if number in (None, frame.number)]
    if folder is None:
        write_rows(COLUMNS, map(_row, chosen), form, empty="the image set has no frames")
        return
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _write_pictures(workbench, image_set_id, chosen, folder)


def _write_pictures(workbench: Workbench, image_set_id: str, chosen: list[Frame], folder: Path) -> None:
    from curator.pictures import NoPicture, png_of
    from curator.project import write_private

    failures = []
    for frame in chosen:
        data, kind = workbench.imaging.frame(image_set_id, frame.id)
        target = folder / f"{image_set_id}-{frame.number:05d}.png"
        try:
            write_private(target, png_of(data, kind, frame.attributes, index=frame.index))
        except NoPicture as reason:
            failures.append(f"frame {frame.number}: {reason}")
            continue
        write(str(target))
    if failures:
        raise CuratorError(
            "\n".join([f"no picture of {len(failures):,} of {plural(len(chosen), 'frame')}", *failures[:20]])
        )


def _row(frame: Frame) -> dict[str, object]:
    levels = frame.facts.get("PixelDataChecksumFromBaseToFullResolution")
    full = levels[-1] if isinstance(levels, list) and levels else {}
    assert isinstance(full, dict)
    return {
        "number": frame.number,
        "frameId": frame.id,
        "width": full.get("Width"),
        "height": full.get("Height"),
        "checksum": full.get("Checksum"),
        "minimum": frame.facts.get("MinPixelValue"),
        "maximum": frame.facts.get("MaxPixelValue"),
        "bytes": frame.facts.get("FrameSizeInBytes"),
        "seriesInstanceUID": frame.series,
        "sopInstanceUID": frame.instance,
    }
