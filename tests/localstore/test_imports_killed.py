"""An import killed at any moment: the store opens, is sound, holds whole image sets only, and the job is finished."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.localstore.dicomfiles import ROOT, file_bytes, image
from tests.localstore.importing import Workshop
from tests.soak import soak_count, soak_seed
from tests.tools import ROOT as PROJECT

RUN = """
import sys, time
from pathlib import Path
from tests.localstore.importing import Workshop
folder, token, ahead = sys.argv[1:]
shop = Workshop.open(Path(folder), clock=lambda: time.time() + float(ahead))
print("ready", flush=True)
shop.start(token)
shop.store.imports.wait(60)
shop.close()
"""
HOUR = 3600.0
"""Clocks are moved by hours between processes, so that a killed one's lease has run out."""


def begun(folder: Path, token: str, ahead: float) -> subprocess.Popen[bytes]:
    """Start a process that imports, and wait until it is about to."""
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, str(folder), token, str(ahead)], cwd=PROJECT, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process


def after(folder: Path, ahead: float) -> Workshop:
    """Open the store later, and let it finish what it finds."""
    shop = Workshop.open(folder, clock=lambda: time.time() + ahead)
    assert shop.store.imports.wait(60)
    return shop


def verify(shop: Workshop, files: int) -> int:
    """Check the store and every image set; return how many jobs there are, all of them completed."""
    assert shop.store.check() == []
    jobs = [
        job
        for page in shop.client.get_paginator("list_dicom_import_jobs").paginate(
            datastoreId=shop.datastore_id
        )
        for job in page["jobSummaries"]
    ]
    assert {job["jobStatus"] for job in jobs} <= {"COMPLETED"}
    image_sets = shop.image_sets()
    assert len(image_sets) == len(jobs)
    for image_set in image_sets[-2:]:
        document = shop.document(image_set)
        (series,) = document["Study"]["Series"].values()
        assert len(series["Instances"]) == files
        for one in series["Instances"].values():
            for frame in one["ImageFrames"]:
                payload, _ = shop.frame(image_set, frame["ID"])
                assert payload
    return len(jobs)


def prepared(folder: Path) -> int:
    """Give the bucket files of one image set, and return how many."""
    shop = Workshop.open(folder)
    pixels = random.Random(1).randbytes(256 * 256)
    for number in range(20):
        made = image(
            pixels, rows=256, columns=256, SOPInstanceUID=f"{ROOT}.3.{number}", InstanceNumber=str(number)
        )
        shop.give({f"{number:02}.dcm": file_bytes(made)})
    shop.close()
    return 20


def test_an_import_that_is_not_killed_sets_the_measure(tmp_path: Path) -> None:
    files = prepared(tmp_path)
    assert begun(tmp_path, "whole", 0).wait(60) == 0
    shop = after(tmp_path, HOUR)
    assert verify(shop, files) == 1
    shop.close()


@pytest.mark.soak
def test_an_import_killed_a_hundred_times_leaves_whole_image_sets(tmp_path: Path) -> None:
    rng = random.Random(soak_seed())
    files = prepared(tmp_path)
    started = time.monotonic()
    begun(tmp_path, "measure", 0).wait(60)
    usual = time.monotonic() - started
    killed = 0
    for number in range(1, soak_count(100) + 1):
        process = begun(tmp_path, f"t{number}", number * HOUR)
        time.sleep(
            rng.uniform(0, usual / 2 if number % 2 else usual)
        )  # every other one surely before the end
        killed += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
        shop = after(tmp_path, number * HOUR + HOUR / 2)
        verify(shop, files)
        shop.close()
    assert killed
