"""The folder on the disk: its modes, its neighbours, and what happens when it cannot be used."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from curator.errors import StoreError, UsageError
from curator.localstore import LocalStore, inprocess_client
from tests.localstore.conftest import in_process
from tests.localstore.imaging import instances
from tests.tools import ROOT

NAME = {"Patient": {"DICOM": {"PatientName": "Doe^Jane"}}}


def test_only_its_owner_may_look(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with in_process(tmp_path) as local:
            local.add()
            for path in [tmp_path / "store", *(tmp_path / "store").rglob("*")]:
                mode = stat.S_IMODE(path.stat().st_mode)
                assert mode == (0o700 if path.is_dir() else 0o600), path.name
    finally:
        os.umask(before)


def test_everything_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    with in_process(tmp_path) as local:
        added = local.add(2)
        local.update(added.id, "1", updatable=NAME)
        documents = [local.document(added.id, version) for version in ("1", "2")]
    with LocalStore.open(tmp_path / "store") as store:
        local.client = inprocess_client(store)
        assert [local.document(added.id, version) for version in ("1", "2")] == documents
        assert store.check() == []


_STATES = """
import sys
from pathlib import Path
from curator.localstore import LocalStore, inprocess_client
with LocalStore.open(Path(sys.argv[1])) as store:
    client = inprocess_client(store)
    (datastore,) = client.list_datastores()["datastoreSummaries"]
    found = client.search_image_sets(datastoreId=datastore["datastoreId"])["imageSetsMetadataSummaries"]
    print([each["version"] for each in found])
"""


def test_a_program_that_closes_it_leaves_what_another_goes_on_writing(tmp_path: Path) -> None:
    """SQLite's locks are the process's: a file opened beside it and closed again would take them away."""

    def elsewhere() -> str:
        words = [sys.executable, "-c", _STATES, str(tmp_path / "store")]
        return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()

    with in_process(tmp_path) as local:
        added = local.add()
        LocalStore.open(tmp_path / "store").close()  # the same folder once more in this process
        assert elsewhere() == "[1]"
        local.update(added.id, "1", updatable=NAME)
        assert elsewhere() == "[2]"
    assert elsewhere() == "[2]"


def test_an_operation_goes_on_after_a_restart(tmp_path: Path) -> None:
    now = 1_000.0
    with in_process(tmp_path) as local:
        added = local.add()
    with LocalStore.open(tmp_path / "store", delay=60.0, clock=lambda: now) as store:
        local.client = inprocess_client(store)
        local.start_update(added.id, "1", updatable=NAME)
    now += 59
    with LocalStore.open(tmp_path / "store", clock=lambda: now) as store:
        local.client = inprocess_client(store)
        assert local.properties(added.id)["imageSetState"] == "LOCKED"
        now += 1
        assert local.properties(added.id)["imageSetWorkflowStatus"] == "UPDATED"
        assert local.document(added.id)["Patient"]["DICOM"]["PatientName"] == "Doe^Jane"


def test_a_foreign_file(tmp_path: Path) -> None:
    (tmp_path / "store.sqlite").write_bytes(b"This is a diary.\n" * 1000)
    before = (tmp_path / "store.sqlite").read_bytes()
    with pytest.raises(StoreError, match="is not a data store"):
        LocalStore.open(tmp_path)
    assert (tmp_path / "store.sqlite").read_bytes() == before


def test_a_foreign_database(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "store.sqlite")) as other:
        other.execute("CREATE TABLE diary (page)")
        other.commit()
    with pytest.raises(StoreError, match="some other program"):
        LocalStore.open(tmp_path)
    with contextlib.closing(sqlite3.connect(tmp_path / "store.sqlite")) as other:
        assert [name for (name,) in other.execute("SELECT name FROM sqlite_master")] == ["diary"]


def test_a_newer_file(tmp_path: Path) -> None:
    LocalStore.open(tmp_path / "store").close()
    with contextlib.closing(sqlite3.connect(tmp_path / "store" / "store.sqlite")) as other:
        other.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="newer curator"):
        LocalStore.open(tmp_path / "store")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(StoreError, match="cannot be written"):
        LocalStore.open(tmp_path / "locked" / "store")


@pytest.mark.parametrize("name", ["in", "Inbox", "a/b", "", "x" * 64])
def test_a_bucket_that_no_uri_can_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="S3 bucket"):
        LocalStore.open(tmp_path / "store", buckets={name: tmp_path})
    assert not (tmp_path / "store").exists()


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("x")
    with pytest.raises(StoreError, match="cannot be written"):
        LocalStore.open(tmp_path / "store")


FULL = """
import json, resource, signal, sys
from pathlib import Path
from curator.errors import StoreError
from curator.localstore import LocalStore, inprocess_client

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = LocalStore.open(Path(sys.argv[1]))
client = inprocess_client(store)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[4]), resource.RLIM_INFINITY))
blob = json.dumps({"SchemaVersion": 1.1, "Patient": {"DICOM": {"PatientComments": "x" * 9000}}}).encode()
try:
    for version in range(1, 2000):
        client.update_image_set_metadata(
            datastoreId=sys.argv[2], imageSetId=sys.argv[3], latestVersionId=str(version),
            updateImageSetMetadataUpdates={"DICOMUpdates": {"updatableAttributes": blob}})
except StoreError as error:
    print(version, error.message)
"""


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    with in_process(tmp_path) as local:
        added = local.add()
        before = local.document(added.id)
    folder = tmp_path / "store"
    room = str((folder / "store.sqlite").stat().st_size + 100_000)
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(folder), local.datastore_id, added.id, room],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    version, _, message = done.stdout.partition(" ")
    assert "What was stored before is kept" in message, done.stderr
    with LocalStore.open(folder) as store:
        assert store.check() == []
        local.client = inprocess_client(store)
        assert local.properties(added.id)["versionId"] == version
        assert local.document(added.id, "1") == before
        assert local.update(added.id, version, updatable=NAME)["imageSetWorkflowStatus"] == "UPDATED"


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts open files as Linux lists them")
def test_threads_that_ended_keep_no_files_open(tmp_path: Path) -> None:
    with in_process(tmp_path) as local:

        def use() -> None:
            local.client.list_datastores()

        def opened() -> int:
            return sum(
                "store.sqlite" in os.readlink(each)
                for each in Path("/proc/self/fd").iterdir()
                if each.exists()
            )

        counts = []
        for _ in range(20):
            thread = threading.Thread(target=use)
            thread.start()
            thread.join()
            counts.append(opened())
    assert max(counts[2:]) <= counts[1]


def test_check_finds_what_is_damaged(tmp_path: Path) -> None:
    with in_process(tmp_path) as local:
        added = local.add(2)
        frames = [
            instance["ImageFrames"][0]["ID"] for instance in instances(local.document(added.id)).values()
        ]
    assert len(frames) == 2
    whole, damaged = tmp_path / "store", tmp_path / "damaged"

    def check(harm: str | None) -> list[str]:
        shutil.rmtree(damaged, ignore_errors=True)
        shutil.copytree(whole, damaged)
        if harm is not None:
            with contextlib.closing(sqlite3.connect(damaged / "store.sqlite")) as database:
                database.execute(harm)
                database.commit()
        with LocalStore.open(damaged) as store:
            return store.check()

    assert check(None) == []
    assert "1 instances' contents" in str(check("UPDATE instance SET data = x'00' WHERE number = 0"))
    assert "contents" in str(check("DELETE FROM dictionary"))
    assert "UIDs listed without" in str(check("DELETE FROM instance WHERE number = 0"))
    assert "does not know" in str(check("DELETE FROM present"))
    assert "versions" in str(check("DELETE FROM version"))
    assert "series" in str(check("DELETE FROM series"))
    assert "locked" in str(check("UPDATE image_set SET state = 'LOCKED'"))
    for path in (whole / "frames").glob("??/*"):
        path.write_bytes(b"something else")
    assert "image frames are not" in str(check(None))
    shutil.rmtree(whole / "frames")
    assert "image frames are missing" in str(check(None))


def test_check_of_a_file_with_damaged_pages(tmp_path: Path) -> None:
    with in_process(tmp_path) as local:
        local.add(40, PatientComments="x" * 2000)
    file = tmp_path / "store" / "store.sqlite"
    whole = file.read_bytes()
    found = 0
    for start in range(4096, len(whole), 4096):
        file.write_bytes(whole[:start] + b"\xff" * 4096 + whole[start + 4096 :])
        with contextlib.suppress(StoreError), LocalStore.open(file.parent) as store:
            assert store.check()
            found += 1
    assert found > 10


WRITERS = """
import json, sys, threading, time
from pathlib import Path
from curator.localstore import LocalStore, inprocess_client

_, folder, datastore_id, image_set_id, names, begin = sys.argv

def write(name):
    client = inprocess_client(store)
    blob = json.dumps({"SchemaVersion": 1.1, "Patient": {"DICOM": {"PatientName": name}}}).encode()
    while time.time() < float(begin):
        time.sleep(0.001)
    try:
        client.update_image_set_metadata(
            datastoreId=datastore_id, imageSetId=image_set_id, latestVersionId="1",
            updateImageSetMetadataUpdates={"DICOMUpdates": {"updatableAttributes": blob}})
        print(name)
    except client.exceptions.ResourceNotFoundException:
        pass

with LocalStore.open(Path(folder)) as store:
    threads = [threading.Thread(target=write, args=(name,)) for name in names.split()]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
"""


def test_of_16_writers_on_one_version_exactly_one_wins(tmp_path: Path) -> None:
    with in_process(tmp_path) as local:
        added = local.add()
    begin = str(time.time() + 2)
    words = [str(tmp_path / "store"), local.datastore_id, added.id]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", WRITERS, *words, f"{n}A {n}B {n}C {n}D", begin],
            cwd=ROOT, stdout=subprocess.PIPE, text=True,
        )
        for n in range(4)
    ]  # fmt: skip
    answers = [process.communicate(timeout=60)[0].split() for process in running]
    assert [process.returncode for process in running] == [0] * 4
    (winner,) = [name for names in answers for name in names]
    with LocalStore.open(tmp_path / "store") as store:
        local.client = inprocess_client(store)
        assert local.properties(added.id)["versionId"] == "2"
        assert local.document(added.id)["Patient"]["DICOM"]["PatientName"] == winner
        assert store.check() == []
