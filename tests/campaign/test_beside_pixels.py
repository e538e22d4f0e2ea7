"""Text in the headers of frames that the service keeps as received keeps the instance back until somebody looked."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import UID

from curator.campaign.attesting import attest
from curator.campaign.beside_pixels import with_text_beside
from curator.campaign.planning import Planning
from curator.campaign.publications import Request, write_publication
from curator.campaign.publishing import Published, Publishing, plan_deidentification
from curator.catalogue import Catalogue
from curator.deid.ruled import load_profile
from curator.plan.leftout import Reason
from curator.plan.packing import Payload
from curator.ruleshelf import open_rule_file
from tests.campaign.ground import WHO, Ground, ground
from tests.test_part10 import bundled

CT = "1.2.840.10008.5.1.4.1.1.2"


@pytest.fixture
def place() -> Iterator[Ground]:
    with ground() as made:
        yield made


def jpeg(sop: str, comment: bytes) -> bytes:
    """Return a file whose one JPEG frame carries a comment (ITU-T T.81 B.2.4.5), and has no other sign of risk."""
    data = pydicom.dcmread(io.BytesIO(bundled("SC_rgb_small_odd_jpeg.dcm")))
    data.BurnedInAnnotation = "NO"
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = UID(CT)
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = UID(sop)
    (frame,) = generate_frames(data.PixelData, number_of_frames=1)
    segment = b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment if comment else b""
    data.PixelData = encapsulate([frame[:2] + segment + frame[2:]])
    out = io.BytesIO()
    data.save_as(out)
    return out.getvalue()


def test_text_in_a_comment_keeps_an_instance_back_until_it_is_cleared(place: Ground) -> None:
    sops = {"1.2.3.1": b"for Roe, Richard", "1.2.3.2": b"", "1.2.3.3": b"Lavc58.54.100"}
    place.bring(*[jpeg(sop, comment) for sop, comment in sops.items()])
    asked = load_profile(open_rule_file("basic"))
    how = Publishing(asked, place.project.keyed)
    with Catalogue.open(place.project, place.imaging.datastore_id) as catalogue:
        catalogue.refresh(place.imaging)
        rows = catalogue.rows()
        seen: list[tuple[int, int]] = []
        found = with_text_beside(
            place.imaging, catalogue, rows, how.cleared, how.pixels, lambda *at: seen.append(at)
        )
        assert found == {"1.2.3.1"}
        assert seen[-1] == (3, 3)
        assert with_text_beside(place.imaging, catalogue, rows, {"1.2.3.1"}, how.pixels) == frozenset()
        how = Publishing(asked, place.project.keyed, beside=found)
        (unit,) = plan_deidentification(catalogue, rows, how, Planning(Payload()), Published())
    assert [(each.reason, each.count) for each in unit.left_out] == [(Reason.BESIDE_PIXELS, 1)]


def test_the_proof_reads_the_frames_of_what_was_published_too(place: Ground) -> None:
    place.bring(jpeg("1.2.3.1", b"for Roe, Richard"))
    asked = load_profile(open_rule_file("basic"))
    with Catalogue.open(place.project, place.imaging.datastore_id) as catalogue:
        catalogue.refresh(place.imaging)
        how = Publishing(asked, place.project.keyed)  # as if nobody had read the frame
        units = list(
            plan_deidentification(catalogue, catalogue.rows(), how, Planning(Payload()), Published())
        )
    campaign = place.campaign(units)
    assert place.apply(campaign).complete
    found = attest(campaign, place.imaging, asked, WHO)
    assert [(each.check, each.count) for each in found.violations] == [("pixels_hidden", 1)]
    assert attest(campaign, place.imaging, asked, WHO, cleared=frozenset({"1.2.3.1"})).holds


def test_a_change_in_place_reads_the_frames_too(place: Ground, tmp_path: Path) -> None:
    place.bring(jpeg("1.2.3.1", b"for Roe, Richard"))
    with Catalogue.open(place.project, place.imaging.datastore_id) as catalogue:
        catalogue.refresh(place.imaging)
        asked = Request("basic", in_place=True)
        made = write_publication(
            catalogue, place.project, place.imaging, asked, tmp_path / "plan.jsonl", store="local"
        )
    assert list(made.plan.units()) == []
    assert [left.reason for _, left in made.found.refused] == [Reason.BESIDE_PIXELS]
