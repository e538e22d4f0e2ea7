"""Bringing the catalogue up to date, against a real data store: every version is read once, whatever happens."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from curator.catalogue import Catalogue, Tags, Where
from curator.errors import Cancelled
from curator.healthimaging import HealthImaging
from curator.imageset.compare import same
from curator.stores import OpenStore


@pytest.fixture
def held(demo_store: OpenStore) -> int:
    """How many image sets the store holds."""
    return sum(1 for _ in demo_store.imaging.search())


def counted(imaging: HealthImaging) -> Counter[str]:
    """Count the operations that leave the client from now on."""
    calls: Counter[str] = Counter()

    def note(model: object, **_: object) -> None:
        calls[getattr(model, "name", "")] += 1

    imaging.client.meta.events.register("before-call.medical-imaging", note)
    return calls


def test_a_refresh_reads_each_version_once_and_says_so_beforehand(
    demo_store: OpenStore, held: int, tmp_path: Path
) -> None:
    imaging = demo_store.imaging
    calls = counted(imaging)
    with Catalogue.open(tmp_path, imaging.datastore_id) as catalogue:
        cost = catalogue.plan_refresh(imaging)
        assert calls["GetImageSetMetadata"] == 0
        assert cost.touches == cost.states == cost.image_sets == held
        assert f"{held} metadata documents (each a touch)" in str(cost)
        done = catalogue.refresh(imaging, cost=cost)
        assert (done.documents, done.problems, done.deleted) == (held, (), 0)
        assert calls["GetImageSetMetadata"] == held
        again = catalogue.plan_refresh(imaging)
        assert again.nothing
        assert catalogue.refresh(imaging, cost=again).documents == 0
        assert calls["GetImageSetMetadata"] == held
        assert all(row.read for row in catalogue.rows())
        for row in catalogue.rows():
            kept = catalogue.document(row.id)
            assert kept is not None
            assert same(kept, imaging.document(row.id))


def test_what_changed_is_read_and_the_old_version_stays(demo_store: OpenStore, tmp_path: Path) -> None:
    imaging = demo_store.imaging
    with Catalogue.open(tmp_path, imaging.datastore_id) as catalogue:
        catalogue.refresh(imaging)
        row = catalogue.rows(sort="id")[0]
        blob = b'{"SchemaVersion":"1.1","Study":{"DICOM":{"StudyDescription":"changed"}}}'
        imaging.update(row.id, str(row.version), updatable=blob)
        imaging.wait(row.id)
        assert catalogue.plan_refresh(imaging).touches == 1
        catalogue.refresh(imaging)
        new = catalogue.row(row.id)
        old = catalogue.document(row.id, row.version)
    assert new is not None
    assert old is not None
    assert (new.study_description, new.version, new.status) == ("changed", row.version + 1, "UPDATED")
    assert old.study.get("StudyDescription") != "changed"


def test_deleted_sets_are_marked_and_their_content_is_gone(demo_store: OpenStore, tmp_path: Path) -> None:
    imaging = demo_store.imaging
    with Catalogue.open(tmp_path, imaging.datastore_id) as catalogue:
        catalogue.refresh(imaging)
        row = next(each for each in catalogue.rows() if each.modality == "MR")
        imaging.delete(row.id)
        done = catalogue.refresh(imaging)
        assert done.deleted == 1
        assert row.id not in {each.id for each in catalogue.rows()}
        assert next(each for each in catalogue.rows(deleted=True) if each.id == row.id).deleted
        assert catalogue.document(row.id) is None
        assert catalogue.refresh(imaging).deleted == 0


def test_nothing_of_a_deleted_set_is_left_in_the_file(demo_store: OpenStore, tmp_path: Path) -> None:
    imaging = demo_store.imaging
    with Catalogue.open(tmp_path / "index", imaging.datastore_id) as catalogue:
        catalogue.refresh(imaging)
        gone = [each.id for each in catalogue.rows(Where.parse("patient:Mustermann"))]
        assert gone
        for identifier in gone:
            imaging.delete(identifier)
        catalogue.refresh(imaging)
    (file,) = (tmp_path / "index").iterdir()
    content = file.read_bytes()
    assert gone[0].encode() in content
    assert b"Mustermann" not in content
    assert b"MRN-4711" not in content


def test_a_stopped_refresh_goes_on_where_it_was(demo_store: OpenStore, held: int, tmp_path: Path) -> None:
    imaging = demo_store.imaging
    calls = counted(imaging)
    with Catalogue.open(tmp_path, imaging.datastore_id) as catalogue:
        with pytest.raises(Cancelled):
            catalogue.refresh(imaging, threads=1, cancelled=lambda: calls["GetImageSetMetadata"] >= 5)
        kept = sum(row.read for row in catalogue.rows())
        assert 0 < kept < held
        catalogue.refresh(imaging)
        assert all(row.read for row in catalogue.rows())
    # What was in flight when it was stopped (two a thread) may be read again, nothing else.
    assert calls["GetImageSetMetadata"] <= held + 2


def test_tags_are_read_only_when_asked_for(demo_store: OpenStore, held: int, tmp_path: Path) -> None:
    imaging = demo_store.imaging
    calls = counted(imaging)
    with Catalogue.open(tmp_path, imaging.datastore_id) as catalogue:
        catalogue.refresh(imaging)
        assert calls["ListTagsForResource"] == 0
        cost = catalogue.plan_refresh(imaging, tags=Tags.COPIES)
        assert (cost.touches, cost.tags) == (0, held)
        first = catalogue.rows(sort="id")[0].id
        imaging.tag(imaging.image_set(first).arn, {"curator:working-copy": "c"})
        catalogue.refresh(imaging, tags=Tags.COPIES)
        tags = {facts.id: facts.tags for facts in catalogue.view().image_sets()}
    assert tags[first] == {"curator:working-copy": "c"}
    assert calls["GetImageSetMetadata"] == held


def test_an_old_version_is_fetched_once_and_kept(demo_store: OpenStore, held: int, tmp_path: Path) -> None:
    imaging = demo_store.imaging
    with Catalogue.open(tmp_path, imaging.datastore_id) as catalogue:
        identifier = next(imaging.search()).id
        calls = counted(imaging)
        first = catalogue.fetch(imaging, identifier, "1")
        assert same(first, catalogue.fetch(imaging, identifier, "1"))
        assert calls["GetImageSetMetadata"] == 1
        catalogue.refresh(imaging)
        assert calls["GetImageSetMetadata"] == held


def test_progress_counts_up_to_all(demo_store: OpenStore, held: int, tmp_path: Path) -> None:
    heard: list[tuple[int, int]] = []
    with Catalogue.open(tmp_path, demo_store.imaging.datastore_id) as catalogue:
        catalogue.refresh(demo_store.imaging, progress=lambda done, total: heard.append((done, total)))
    assert heard[0] == (0, held)
    assert heard[-1] == (held, held)
    assert heard == sorted(heard)
