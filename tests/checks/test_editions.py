"""On the service's newer edition, where an import makes primary sets, a conflicting rest is found beside them."""

from __future__ import annotations

import shutil
from pathlib import Path

from curator.catalogue import Catalogue, Where
from curator.checks import run
from curator.demo_data import Seeded
from curator.healthimaging import HealthImaging
from curator.localstore import LocalStore, inprocess_client


def test_a_split_series_has_a_primary_set_and_one_that_is_not(
    demo_files: tuple[Path, list[Seeded]], tmp_path: Path
) -> None:
    (tmp_path / "input").mkdir()
    (tmp_path / "output").mkdir()
    for file in demo_files[0].glob("head-*.dcm"):
        shutil.copy(file, tmp_path / "input")
    buckets = {name: tmp_path / name for name in ("input", "output")}
    store = LocalStore.open(tmp_path / "store", edition="2025-07", buckets=buckets)
    client = inprocess_client(store)
    datastore_id = client.create_datastore(datastoreName="newer", clientToken="newer")["datastoreId"]
    imaging = HealthImaging(client, datastore_id)
    role = "arn:aws:iam::000000000000:role/test"
    imaging.wait_for_import(imaging.start_import("newer", "s3://input/", "s3://output/", role))
    with Catalogue.open(tmp_path / "index", datastore_id) as catalogue:
        catalogue.refresh(imaging)
        assert sorted(row.primary is True for row in catalogue.rows()) == [False, True]
        (hidden,) = catalogue.rows(Where.parse("!primary"))
        codes = {finding.code: finding for finding in run(catalogue.view(), ["CUR1"])}
    store.close()
    assert codes.keys() == {"CUR102", "CUR107"}
    assert codes["CUR107"].image_sets[0][0] == hidden.id
