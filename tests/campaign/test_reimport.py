"""Publication by import: what no update can change goes out as files and comes in anew, once, and verified."""

from __future__ import annotations

import io
import stat
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset

from curator.campaign.attesting import attest
from curator.campaign.journal import Campaign, Status
from curator.campaign.planning import Planning
from curator.campaign.publishing import Published, Publishing, plan_deidentification
from curator.campaign.undoing import undo
from curator.campaign.verifying import verify
from curator.catalogue import Catalogue
from curator.deid.ruled import Deidentification, load_profile
from curator.errors import Refused
from curator.healthimaging import HealthImaging
from curator.imageset import content_hash
from curator.plan.leftout import Reason
from curator.plan.packing import Payload
from curator.plan.reimport import Route
from curator.plan.units import Copy, Import, Unit
from curator.ruleshelf import open_rule_file
from curator.stores import open_store
from tests.campaign.ground import WHO, Ground, ground

BASIC = load_profile(open_rule_file("basic"))
CT = Path(get_testdata_file("CT_small.dcm") or "")


@pytest.fixture
def place() -> Iterator[Ground]:
    with ground() as made:
        yield made


def file_bytes(data: Dataset) -> bytes:
    out = io.BytesIO()
    data.save_as(out, enforce_file_format=True)
    return out.getvalue()


def slices(count: int, **elements: object) -> list[bytes]:
    """Return a series: the CT slice with other instance UIDs and pixels."""
    made = []
    for number in range(1, count + 1):
        data = pydicom.dcmread(CT)
        data.PatientName, data.PatientID = "Grünwald^Åsa", "MRN-4711"
        data.SpecificCharacterSet = "ISO_IR 100"
        data.SOPInstanceUID = f"1.2.3.4.5.{number}"
        data.InstanceNumber = number
        data.PixelData = (data.pixel_array + number).astype("<i2").tobytes()
        for name, value in elements.items():
            setattr(data, name, value)
        made.append(file_bytes(data))
    return made


def heavy(file: bytes, text: str) -> bytes:
    """Return the file with a sequence that no update of 1,000 bytes can rewrite."""
    data = pydicom.dcmread(io.BytesIO(file))
    item, inner = Dataset(), Dataset()
    inner.SpecificCharacterSet = "ISO_IR 100"
    inner.PersonName, inner.TextValue = "Grünwald^Åsa", text
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = "1", "99TEST", "Röntgen"
    item.ContentItemModifierSequence = [inner]
    data.PerformedProtocolCodeSequence = [item]
    return file_bytes(data)


def planned(
    place: Ground, *, route: Route = Route.AUTO, to: str = "", payload: int = 10_000,
    asked: Deidentification = BASIC, only: tuple[str, ...] = (),
) -> tuple[list[Unit], Published]:  # fmt: skip
    how = Publishing(asked, place.project.keyed, route=route, to=to)
    found = Published()
    with Catalogue.open(place.project, place.imaging.datastore_id) as catalogue:
        catalogue.refresh(place.imaging)
        rows = [row for row in catalogue.rows() if not only or row.id in only]
        return list(plan_deidentification(catalogue, rows, how, Planning(Payload(payload)), found)), found


def pixels(imaging: HealthImaging, image_set: str) -> list[bytes]:
    document = imaging.document(image_set)
    instances = sorted(document.instances(), key=lambda each: str(each[2].dicom.get("InstanceNumber")))
    frames = [imaging.frame(image_set, frame)[0] for _, _, one in instances for frame in one.frame_ids]
    return [frame.rstrip(b"\0") for frame in frames]  # in a file every fragment is of even length


def holds(place: Ground, campaign: Campaign) -> bool:
    proofs = verify(campaign, place.imaging, WHO)
    assert [problem for proof in proofs for problem in proof.problems] == []
    return all(proof.holds and proof.checked for proof in proofs)


def test_a_set_is_published_by_import_with_its_pixels_and_no_history(place: Ground) -> None:
    (original,) = place.bring(*slices(3))
    before = place.imaging.metadata(original)
    units, found = planned(place, route=Route.REIMPORT)
    campaign = place.campaign(units)
    assert place.apply(campaign).complete
    published = campaign.state()[0].names["$1"]
    assert [each.version for each in place.imaging.versions(published)] == ["1"]
    assert pixels(place.imaging, published) == pixels(place.imaging, original)
    text = place.imaging.document(published).encode().decode()
    for identifier in ("Grünwald", "MRN-4711", "1.2.3.4.5", "CLUNIE1"):
        assert identifier not in text
    assert place.imaging.document(published).patient["PatientID"] == found.pseudonyms["MRN-4711"]
    assert place.imaging.metadata(original) == before
    assert holds(place, campaign)
    assert place.staged() == []


def test_what_the_payload_forbids_joins_the_published_set_by_import(place: Ground) -> None:
    files = slices(3)
    (original,) = place.bring(files[0], heavy(files[1], "Grünwald " + "y" * 900), files[2])
    (unit,), found = planned(place, payload=1_000)
    assert unit.reimported == 1
    assert [route for route, _, count in unit.routes for _ in range(count)] == [
        "reimport",
        "update",
        "update",
    ]
    assert found.costs[Route.UPDATE].calls["UpdateImageSetMetadata"] > 0
    assert found.costs[Route.REIMPORT].calls["StartDICOMImportJob"] == 1
    campaign = place.campaign([unit])
    assert place.apply(campaign).complete
    names = campaign.state()[0].names
    assert {each.id for each in place.imaging.search()} == {original, names["$2"]}
    document = place.imaging.document(names["$2"])
    assert document.instance_count == 3
    assert pixels(place.imaging, names["$2"]) == pixels(place.imaging, original)
    assert "Grünwald" not in document.encode().decode()
    assert holds(place, campaign)
    assert place.staged() == []


def multi_frame(count: int) -> bytes:
    data = pydicom.dcmread(io.BytesIO(slices(1)[0]))
    data.Rows = data.Columns = 4
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 8, 8, 7, 0
    data.NumberOfFrames = count
    data.SOPInstanceUID = "1.2.3.4.6.1"
    data.PixelData = np.arange(16 * count, dtype=np.uint16).astype(np.uint8).tobytes()
    for name in ("SmallestImagePixelValue", "LargestImagePixelValue", "PixelPaddingValue"):
        if name in data:
            delattr(data, name)
    return file_bytes(data)


def test_an_instance_of_more_frames_than_a_copy_takes_is_published_apart_and_that_is_said(
    place: Ground,
) -> None:
    (original,) = place.bring(*slices(1), multi_frame(1_001))
    (unit,), _ = planned(place, route=Route.UPDATE)
    assert [each.reason for each in unit.left_out if each.reason is Reason.FRAMES] == [Reason.FRAMES]
    (unit,), _ = planned(place)
    assert unit.reimported == 1
    assert any("more frames than a copy takes" in loss for loss in unit.losses)
    campaign = place.campaign([unit])
    assert place.apply(campaign).complete
    names = campaign.state()[0].names
    apart = place.imaging.document(names["$3"])
    assert [len(one.frames) for _, _, one in apart.instances()] == [1_001]
    assert list(apart.series) == list(place.imaging.document(names["$2"]).series)
    assert holds(place, campaign)
    assert original in {each.id for each in place.imaging.search()}


def test_another_store_receives_the_publication_and_the_own_store_nothing(
    place: Ground, tmp_path: Path
) -> None:
    other = open_store(f"local:{tmp_path / 'public'}")
    spec = f"local:{tmp_path / 'public'}#{other.imaging.datastore_id}"
    (original,) = place.bring(*slices(2))
    units, _ = planned(place, to=spec)
    campaign = place.campaign(units)
    assert place.apply(campaign).complete
    assert {each.id for each in place.imaging.search()} == {original}
    (made,) = [each.id for each in other.imaging.search()]
    assert pixels(other.imaging, made) == pixels(place.imaging, original)
    assert holds(place, campaign)
    assert not any((tmp_path / "public" / "staging").rglob("*"))
    assert all(each.complete for each in undo(campaign, place.imaging, WHO))
    assert list(other.imaging.search()) == []
    other.close()


def test_the_own_store_is_not_another_store(place: Ground) -> None:
    place.bring(*slices(1))
    units, _ = planned(place, to=place.spec)
    applied = place.apply(place.campaign(units))
    assert [status for _, _, status, _ in applied.open] == [Status.FAILED]
    assert len(list(place.imaging.search())) == 1


def test_retained_uids_never_go_into_the_store_of_the_originals(place: Ground, tmp_path: Path) -> None:
    text = "name: uids\nversion: 1\nwhy: a test\nprofile: {options: [113110]}\n"
    keeping = load_profile(text)
    place.bring(*slices(1))
    with pytest.raises(Refused, match="113110"):
        planned(place, asked=keeping)
    other = open_store(f"local:{tmp_path / 'public'}")
    campaign = place.campaign(planned(place, asked=keeping, to=f"local:{tmp_path / 'public'}")[0])
    assert place.apply(campaign).complete
    assert holds(place, campaign)
    (made,) = [each.id for each in other.imaging.search()]
    assert [sop for _, sop, _ in other.imaging.document(made).instances()] == ["1.2.3.4.5.1"]
    other.close()


def test_undo_deletes_what_was_imported(place: Ground) -> None:
    files = slices(2)
    (original,) = place.bring(files[0], heavy(files[1], "y" * 900))
    campaign = place.campaign(planned(place, payload=1_000)[0])
    assert place.apply(campaign).complete
    assert all(each.complete for each in undo(campaign, place.imaging, WHO))
    assert {each.id for each in place.imaging.search()} == {original}


def test_what_changed_in_the_imported_set_is_found(place: Ground) -> None:
    place.bring(*slices(1))
    campaign = place.campaign(planned(place, route=Route.REIMPORT)[0])
    assert place.apply(campaign).complete
    made = campaign.state()[0].names["$1"]
    place.imaging.update(
        made, "1", updatable=b'{"SchemaVersion":1.1,"Patient":{"DICOM":{"PatientName":"Roe^Jane"}}}'
    )
    place.imaging.wait(made)
    (proof,) = verify(campaign, place.imaging, WHO)
    assert any("PatientName" in problem for problem in proof.problems)
    assert not any("Roe" in problem for problem in proof.problems)


def test_a_job_that_refuses_a_file_leaves_the_unit_failed_and_undo_removes_the_rest(place: Ground) -> None:
    (original,) = place.bring(*slices(2))
    place.imaging.update(
        original,
        "1",
        updatable=b'{"SchemaVersion":1.1,"Study":{"Series":{"%s":{"Instances":{"1.2.3.4.5.1":{"DICOM":{"Rows":9999}}}}}}}'
        % next(iter(place.imaging.document(original).series)).encode(),
        force=True,
    )
    place.imaging.wait(original)
    campaign = place.campaign(planned(place, route=Route.REIMPORT)[0])
    applied = place.apply(campaign)
    ((_, _, status, reason),) = applied.open
    assert status is Status.FAILED
    assert "refused 1" in reason
    assert place.staged() == []
    assert place.apply(campaign).open == applied.open
    assert all(each.complete for each in undo(campaign, place.imaging, WHO))
    assert {each.id for each in place.imaging.search()} == {original}


def test_the_files_are_private_while_they_wait(place: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    place.bring(*slices(1))
    campaign = place.campaign(planned(place, route=Route.REIMPORT)[0])
    seen: list[tuple[str, int]] = []
    start = HealthImaging.start_import

    def watched(self: HealthImaging, *words: str, **more: str) -> str:
        bucket = place.folder / "store" / "staging"
        seen.extend((path.name, stat.S_IMODE(path.stat().st_mode)) for path in bucket.rglob("*"))
        return start(self, *words, **more)

    monkeypatch.setattr(HealthImaging, "start_import", watched)
    assert place.apply(campaign).complete
    assert {mode for name, mode in seen if name.endswith(".dcm")} == {0o600}
    assert {mode for name, mode in seen if not name.endswith(".dcm")} == {0o700}
    assert not any("1.2.3.4.5" in name or "4711" in name for name, _ in seen)


def test_a_publication_by_import_is_attested_against_its_original(place: Ground) -> None:
    files = slices(2)
    place.bring(files[0], heavy(files[1], "Grünwald " + "y" * 900))
    campaign = place.campaign(planned(place, payload=1_000)[0])
    assert place.apply(campaign).complete
    attestation = attest(campaign, place.imaging, BASIC, WHO)
    assert attestation.violations == []
    assert attestation.holds


def test_the_plan_says_what_is_read_and_imported(place: Ground) -> None:
    place.bring(*slices(3))
    (unit,), _ = planned(place, route=Route.REIMPORT)
    (step,) = [each for each in unit.steps if isinstance(each, Import)]
    plan = place.plan([unit])
    assert plan.cost.calls["StartDICOMImportJob"] == 1
    assert plan.cost.reads == {"GetDICOMInstance": 3}
    assert step.files == 3
    assert not any(isinstance(each, Copy) for each in unit.steps)
    assert list(plan.units()) == [unit]


def test_where_an_import_extends_a_published_set_undo_takes_back_the_extension_alone() -> None:
    with ground("2025-07") as place:
        place.bring(*slices(2))
        first = place.campaign(planned(place, route=Route.REIMPORT)[0])
        assert place.apply(first).complete
        published = first.state()[0].names["$1"]
        kept = content_hash(place.imaging.document(published))
        (later,) = place.bring(*slices(1, PatientID="MRN-4711", StudyID="other"))
        units, _ = planned(place, route=Route.REIMPORT, only=(later,))
        second = place.campaign(units)
        assert place.apply(second).complete
        assert holds(place, second)
        assert all(each.complete for each in undo(second, place.imaging, WHO))
        assert content_hash(place.imaging.document(published)) == kept
        assert later in {each.id for each in place.imaging.search()}


def test_slices_that_come_later_join_the_published_series_and_leave_it_again() -> None:
    with ground("2025-07") as place:
        files = slices(3)
        (original,) = place.bring(*files[:2])
        first = place.campaign(planned(place, route=Route.REIMPORT)[0])
        assert place.apply(first).complete
        published = first.state()[0].names["$1"]
        kept = content_hash(place.imaging.document(published))
        before = place.imaging.image_set(original).version
        extend(place, files[2])
        assert place.imaging.image_set(original).version != before
        second = place.campaign(planned(place, route=Route.REIMPORT, only=(original,))[0])
        assert place.apply(second).complete
        assert second.state()[0].names["$1"] == published
        assert place.imaging.document(published).instance_count == 3
        assert holds(place, second)
        assert all(each.complete for each in undo(second, place.imaging, WHO))
        assert content_hash(place.imaging.document(published)) == kept


def extend(place: Ground, file: bytes) -> None:
    """Import a file whose series is there already: no image set is new."""
    with pytest.raises(AssertionError, match="nothing was imported"):
        place.bring(file)


@pytest.mark.parametrize("killed", [False, True], ids=["undisturbed", "one by one"])
def test_two_torn_sets_that_one_campaign_imports_into_one_are_taken_back_together(killed: bool) -> None:
    """The second import extends what the first one made: undo takes the extension back first, and then the set."""
    with ground("2025-07") as place:
        files = slices(4)
        (first,) = place.bring(*files[:2])
        (second,) = place.bring(*(with_study_id(file, "other") for file in files[2:]))
        assert first != second
        before = {each: place.imaging.metadata(each) for each in (first, second)}
        units, _ = planned(place, route=Route.REIMPORT)
        assert len(units) == 2
        campaign = place.campaign(units)
        assert place.apply(campaign).complete
        made = {state.names["$1"] for state in campaign.state().values()}
        (published,) = made
        assert place.imaging.document(published).instance_count == 4
        assert holds(place, campaign)
        if killed:  # one unit at a time, each with a journal read anew
            for image_set in (second, first):
                assert undo(campaign, place.imaging, WHO, image_set=image_set)
                campaign = Campaign.open(place.project, str(campaign.id))
        assert all(each.complete for each in undo(campaign, place.imaging, WHO))
        assert {each.id for each in place.imaging.search()} == {first, second}
        assert place.imaging.image_set(published).state == "DELETED"
        assert {each: place.imaging.metadata(each) for each in (first, second)} == before
        assert place.store.check() == []


def with_study_id(file: bytes, study_id: str) -> bytes:
    data = pydicom.dcmread(io.BytesIO(file))
    data.StudyID = study_id
    return file_bytes(data)
