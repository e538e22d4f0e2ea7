"""What an embedded store tells of its changes is all that is asked for, and leads to what listing everything would."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from curator.catalogue import Catalogue, Row, Tags
from curator.healthimaging import HealthImaging
from curator.localstore import LocalStore
from curator.stores import OpenStore, open_store
from tests.catalogue.test_refresh import counted

CHANGED = b'{"SchemaVersion":"1.1","Study":{"DICOM":{"StudyDescription":"changed"}}}'


@pytest.fixture
def local(demo_store: OpenStore) -> LocalStore:
    """The embedded store, which tells of its changes."""
    assert demo_store.local is not None
    return demo_store.local


def updated(imaging: HealthImaging, row: Row) -> None:
    imaging.update(row.id, str(row.version), updatable=CHANGED)
    imaging.wait(row.id)


def copied(imaging: HealthImaging, row: Row) -> None:
    imaging.wait(imaging.copy(row.id, str(row.version)).destination_id)


def deleted(imaging: HealthImaging, row: Row) -> None:
    imaging.delete(row.id)


def failed(imaging: HealthImaging, row: Row) -> None:
    """A removal that is accepted and fails: there is a new version, of the old content."""
    removable = b'{"SchemaVersion":"1.1","Study":{"DICOM":{"StudyDescription":"another value"}}}'
    imaging.update(row.id, str(row.version), updatable=None, removable=removable)


def tagged(imaging: HealthImaging, row: Row) -> None:
    imaging.tag(imaging.image_set(row.id).arn, {"owner": "trial-7"})


@pytest.mark.parametrize("act", [updated, copied, deleted, failed, tagged])
def test_what_other_programs_did_is_known_without_listing(
    demo_store: OpenStore, local: LocalStore, tmp_path: Path, act: Callable[[HealthImaging, Row], None]
) -> None:
    imaging = demo_store.imaging
    with Catalogue.open(tmp_path / "a", imaging.datastore_id) as catalogue:
        catalogue.refresh(imaging, feed=local)
        assert not catalogue.behind(local, imaging.datastore_id)
        act(imaging, catalogue.rows(sort="id")[0])
        assert catalogue.behind(local, imaging.datastore_id)
        calls = counted(imaging)
        catalogue.refresh(imaging, feed=local)
        assert calls["SearchImageSets"] == 0
        assert calls["GetImageSetMetadata"] <= 1
        assert not catalogue.behind(local, imaging.datastore_id)
        followed = catalogue.rows()
    with Catalogue.open(tmp_path / "b", imaging.datastore_id) as listed:
        listed.refresh(imaging)
        assert followed == listed.rows()


def test_tags_that_come_and_go_are_told_though_no_event_of_the_service_is_of_them(
    demo_store: OpenStore, local: LocalStore, tmp_path: Path
) -> None:
    imaging = demo_store.imaging
    events = list(local.events())
    with Catalogue.open(tmp_path, imaging.datastore_id) as catalogue:

        def known(identifier: str) -> object:
            catalogue.refresh(imaging, feed=local, tags=Tags.COPIES)
            facts = catalogue.view().facts(identifier)
            return facts.tags if facts is not None else None

        catalogue.refresh(imaging, feed=local, tags=Tags.COPIES)
        row = catalogue.rows(sort="id")[0]
        arn = imaging.image_set(row.id).arn
        imaging.tag(arn, {"owner": "trial-7"})
        assert known(row.id) == {"owner": "trial-7"}
        imaging.untag(arn, ["owner"])
        assert known(row.id) == {}
        calls = counted(imaging)
        assert known(row.id) == {}
        assert calls["ListTagsForResource"] == 0
    assert list(local.events()) == events


def test_where_nothing_happened_nothing_is_asked(
    demo_store: OpenStore, local: LocalStore, tmp_path: Path
) -> None:
    imaging = demo_store.imaging
    with Catalogue.open(tmp_path, imaging.datastore_id) as catalogue:
        catalogue.refresh(imaging, feed=local)
        calls = counted(imaging)
        cost = catalogue.plan_refresh(imaging, feed=local)
        assert calls == Counter()
        assert cost.nothing
        assert cost.image_sets == len(catalogue.rows())
        assert catalogue.plan_refresh(imaging, feed=local, whole=True) == cost.__class__(
            cost.image_sets, 0, 0, 0, 0, cost.listing + 1
        )
        assert calls["SearchImageSets"] > 0


def test_an_operation_under_way_is_read_when_it_is_done(tmp_path: Path, demo_folder: Path) -> None:
    slow = open_store(f"local:{demo_folder}", delay=0.3)
    imaging, local = slow.imaging, slow.local
    assert local is not None
    with Catalogue.open(tmp_path / "c", imaging.datastore_id) as catalogue:
        catalogue.refresh(imaging, feed=local)
        row = catalogue.rows(sort="id")[0]
        imaging.update(row.id, str(row.version), updatable=CHANGED)
        catalogue.refresh(imaging, feed=local)
        during = catalogue.row(row.id)
        imaging.wait(row.id)
        catalogue.refresh(imaging, feed=local)
        after = catalogue.row(row.id)
    slow.close()
    assert during is not None
    assert after is not None
    assert during.state == "LOCKED"
    assert (after.state, after.version, after.study_description) == ("ACTIVE", row.version + 1, "changed")


def test_imported_sets_are_told_of(demo_files: tuple[Path, object], tmp_path: Path) -> None:
    from curator.buckets import FolderBucket
    from curator.cli.import_jobs import run_imports
    from curator.cli.sources import hard_link, sources

    (tmp_path / "bucket").mkdir()
    opened = open_store(f"local:{tmp_path / 'store'}", buckets={"bucket": tmp_path / "bucket"})
    imaging, local = opened.imaging, opened.local
    assert local is not None
    with Catalogue.open(tmp_path / "c", imaging.datastore_id) as catalogue:
        catalogue.refresh(imaging, feed=local)
        assert catalogue.rows() == []
        role = "arn:aws:iam::000000000000:role/test"
        found = sources([next(demo_files[0].glob("**/*.dcm"))], hard_link)
        bucket = FolderBucket("bucket", tmp_path / "bucket")
        list(run_imports(imaging, bucket, found, role=role, staging=tmp_path))
        calls = counted(imaging)
        catalogue.refresh(imaging, feed=local)
        assert calls["SearchImageSets"] == 0
        assert len(catalogue.rows()) == 1
        assert catalogue.rows()[0].read
    opened.close()


def test_a_folder_put_back_from_a_copy_is_listed_anew(demo_folder: Path, tmp_path: Path) -> None:
    """The copy's next events have numbers that the catalogue knows, of other events."""
    kept = tmp_path / "kept"
    shutil.copytree(demo_folder, kept)
    opened = open_store(f"local:{demo_folder}")
    with Catalogue.open(tmp_path / "c", opened.imaging.datastore_id) as catalogue:
        assert opened.local is not None
        catalogue.refresh(opened.imaging, feed=opened.local)
        first, second = catalogue.rows(sort="id")[:2]
        updated(opened.imaging, first)
        catalogue.refresh(opened.imaging, feed=opened.local)
        opened.close()
        back = open_store(f"local:{kept}")
        assert back.local is not None
        updated(back.imaging, second)
        assert catalogue.behind(back.local, back.imaging.datastore_id)
        calls = counted(back.imaging)
        catalogue.refresh(back.imaging, feed=back.local)
        assert calls["SearchImageSets"] > 0
        found = catalogue.row(second.id)
        assert found is not None
        assert found.study_description == "changed"
        back.close()


def test_other_data_stores_of_the_folder_are_not_told_of(
    demo_store: OpenStore, local: LocalStore, tmp_path: Path
) -> None:
    imaging = demo_store.imaging
    with Catalogue.open(tmp_path, imaging.datastore_id) as catalogue:
        catalogue.refresh(imaging, feed=local)
        HealthImaging(imaging.client, "").create_datastore("another")
        assert not catalogue.behind(local, imaging.datastore_id)


def test_when_most_of_a_store_changed_it_is_listed(
    demo_store: OpenStore, local: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from curator.catalogue import following

    monkeypatch.setattr(following, "FEW", 1)
    imaging = demo_store.imaging
    with Catalogue.open(tmp_path, imaging.datastore_id) as catalogue:
        catalogue.refresh(imaging, feed=local)
        few = catalogue.rows(sort="id")
        for row in few[: len(few) // 10 + 2]:
            deleted(imaging, row)
        calls = counted(imaging)
        catalogue.refresh(imaging, feed=local)
        assert calls["SearchImageSets"] > 0
        assert len(catalogue.rows()) == len(few) - (len(few) // 10 + 2)
