"""What an import makes of each file we know: the named list ``outcomes.csv``, outcome and reason a file.

``HTJ2K`` and ``kept UID`` are the frames' stored transfer syntax, ``refused`` gives the reason of ``failure.ndjson``.
``python -m tests.localstore.test_outcomes`` prints the list as the code makes it today.
"""

from __future__ import annotations

import csv
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest

from curator.dicom.uids import TRANSFER_SYNTAXES
from curator.localstore.dicomfile.decode import decode
from curator.localstore.dicomfile.refusal import RefusedFile
from curator.localstore.imports.reading import FileFailure, read_file
from tests.localstore.dicomfiles import PYDICOM, bundled, shared_files
from tests.tools import SHARED

LIST = Path(__file__).with_name("outcomes.csv")
STORED = {None: "no pixels", "1.2.840.10008.1.2.4.202": "HTJ2K"}


def named_files(which: str) -> Iterator[tuple[str, Path]]:
    """Iterate over (name in the list, path) of the files of ``pydicom`` or ``shared``."""
    root, paths = (PYDICOM, bundled()) if which == "pydicom" else (SHARED / "data", shared_files())
    for path in paths:
        yield f"{which}/{path.relative_to(root).as_posix()}", path


def outcome(path: Path) -> tuple[str, str]:
    """Return what an import makes of a file, and why or of how many frames."""
    read = read_file(path, path.name, lambda payload: "0" * 64)
    if isinstance(read, FileFailure):
        return "refused", read.reason
    stored = STORED.get(read.stored_transfer_syntax) or f"kept {read.stored_transfer_syntax}"
    return stored, f"{len(read.frames)} frames" if read.frames else ""


def listed(which: str) -> dict[str, tuple[str, str]]:
    with LIST.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        row["file"]: (row["outcome"], row["reason"]) for row in rows if row["file"].startswith(which + "/")
    }


def pydicom_decodes(path: Path) -> bool:
    """Say whether pydicom reads the file and, where it has pixels, decodes them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = pydicom.dcmread(path)
            return "PixelData" not in found or found.pixel_array is not None
        except Exception:  # whatever keeps pydicom from it
            return False


def complete(path: Path) -> bool:
    """Say whether a file is of a supported transfer syntax and has the UIDs a document is keyed by."""
    try:
        file = decode(path.read_bytes())
    except RefusedFile:
        return False
    syntax = TRANSFER_SYNTAXES.get(file.transfer_syntax)
    uids = (
        file.study.get("StudyInstanceUID"), file.series.get("SeriesInstanceUID"), file.instance.get("SOPInstanceUID")
    )  # fmt: skip
    return syntax is not None and syntax.supported and all(uids)


@pytest.mark.parametrize("which", ["pydicom", "shared"])
def test_every_file_comes_out_as_listed(which: str) -> None:
    found = {name: outcome(path) for name, path in named_files(which)}
    if not found:
        pytest.skip("../shared/data is not here")
    expected = listed(which)
    different = [
        f"{name}: {found.get(name, 'not there')} instead of {expected.get(name, 'not listed')}"
        for name in sorted(found.keys() | expected.keys())
        if found.get(name) != expected.get(name)
    ]
    assert not different, "\n".join(different)


@pytest.mark.parametrize("which", ["pydicom", "shared"])
def test_every_complete_file_that_pydicom_decodes_is_imported(which: str) -> None:
    paths = dict(named_files(which))
    if not paths:
        pytest.skip("../shared/data is not here")
    refused = [name for name, (what, _) in listed(which).items() if what == "refused" and name in paths]
    assert refused
    assert not [name for name in refused if complete(paths[name]) and pydicom_decodes(paths[name])]


if __name__ == "__main__":
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["file", "outcome", "reason"])
    for kind in ("pydicom", "shared"):
        writer.writerows((name, *outcome(path)) for name, path in named_files(kind))
