"""Import: headers beside pydicom's own reading, frames beside JPEG 2000 and beside doing nothing but read them."""

from __future__ import annotations

import contextlib
import tempfile
import time
import warnings
from pathlib import Path

from tests.benchmarks import Row, seconds


def run() -> list[Row]:
    """Measure header decoding and HTJ2K over pydicom's bundled files, and a whole job a file."""
    return [_headers(), _frames(), _job()]


def _files() -> list[Path]:
    from tests.localstore.dicomfiles import bundled, shared_files

    return [path for path in (*bundled(), *shared_files()) if path.stat().st_size < 4 * 2**20]


def _headers() -> Row:
    """Read each file from disk: all its attributes in the document's encoding, beside pydicom's raw elements."""
    from pydicom import dcmread
    from pydicom.errors import InvalidDicomError

    from curator.localstore.dicomfile.decode import decode
    from curator.localstore.dicomfile.refusal import RefusedFile

    readable = []
    for path in _files():
        with contextlib.suppress(RefusedFile):
            decode(path.read_bytes())
            readable.append(path)

    def ours() -> None:
        for path in readable:
            decode(path.read_bytes())

    def theirs() -> None:
        for path in readable:
            with contextlib.suppress(InvalidDicomError):
                dcmread(path, stop_before_pixels=True)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mine, peer = seconds(ours, 5), seconds(theirs, 5)
    reach = "≤ 1.35 × dcmread(stop_before_pixels)"
    work = f"headers of {len(readable)} files"
    return Row(
        work, mine * 1e3, peer * 1e3, "ms", "pydicom.dcmread(stop_before_pixels)", reach, mine <= 1.35 * peer
    )


def _frames() -> Row:
    """Compress one 512 × 512 frame of 16 bits losslessly: HTJ2K as stored, beside JPEG 2000 by OpenJPEG."""
    import imagecodecs
    import numpy as np

    from curator.localstore.frames.stored import encode_htj2k

    rows, columns = np.mgrid[0:512, 0:512]
    noise = np.random.default_rng(1).integers(0, 40, (512, 512))
    samples = (1000 + 500 * np.sin(rows / 40) * np.cos(columns / 60) + noise).astype(np.uint16)
    back = imagecodecs.htj2k_decode(encode_htj2k(samples))
    mine = seconds(lambda: encode_htj2k(samples), 15)
    peer = seconds(lambda: imagecodecs.jpeg2k_encode(samples, level=0), 5)
    holds = bool(np.array_equal(back, samples)) and mine * 4 <= peer
    reach = "bit-equal, ≤ 1/4 × JPEG 2000"
    return Row(
        "512×512 16-bit frame, lossless", mine * 1e3, peer * 1e3, "ms", "JPEG 2000 (OpenJPEG)", reach, holds
    )


def _job() -> Row:
    """Import 200 CT slices by boto3, beside compressing their frames alone: what the rest of an import costs."""
    import imagecodecs
    from pydicom import dcmread

    from tests.localstore.dicomfiles import PYDICOM, ROOT, file_bytes
    from tests.localstore.importing import Workshop

    slices = 200
    with tempfile.TemporaryDirectory() as folder:
        shop = Workshop.open(Path(folder))
        made = dcmread(PYDICOM / "test_files" / "MR_small.dcm")
        pixels = made.pixel_array
        files = {}
        for number in range(slices):
            made.SOPInstanceUID = f"{ROOT}.4.{number}"
            files[f"{number:03}.dcm"] = file_bytes(made)
        shop.give(files)
        began = time.perf_counter()
        shop.run()
        mine = time.perf_counter() - began
        shop.close()
    peer = slices * seconds(lambda: imagecodecs.htj2k_encode(pixels, reversible=True), 15)
    reach = "for orientation"
    return Row(
        f"a job of {slices} MR files",
        mine * 1e3,
        peer * 1e3,
        "ms",
        "compressing their frames alone",
        reach,
        True,
    )
