"""What made each version: campaigns, their undo, single calls; and nothing said of what others did."""

from __future__ import annotations

from curator.campaign.history import origins, record_write
from curator.campaign.undoing import undo
from curator.plan.merging import plan_merge
from curator.plan.publishing import plan_publication
from tests.campaign.ground import WHO, change, document, ground


def test_a_campaign_its_undo_and_a_single_call_are_told_apart_and_others_are_not_named() -> None:
    with ground() as place:
        image_set = place.add(document())
        unit = place.update(
            0, image_set, change("Patient/PatientName", "Doe^Jane", "Roe^Jane", "PN", "names")
        )
        campaign = place.campaign([unit])
        assert place.apply(campaign).complete
        assert all(each.complete for each in undo(campaign, place.imaging, WHO))
        place.imaging.update(
            image_set, "3", updatable=b'{"SchemaVersion":"1.1","Patient":{"DICOM":{"PatientName":"A"}}}'
        )
        place.imaging.wait(image_set)
        made = place.imaging.revert(image_set, "4", "2")
        place.imaging.wait(image_set)
        record_write(place.project, WHO, "UpdateImageSetMetadata", image_set, made, revert_to="2")
        found = origins(place.project, image_set)
        assert {version: origin.words for version, origin in found.items()} == {
            "2": "a test (names)",
            "3": "undo of a test",
            "5": "revert to version 2",
        }, "1 was imported, 4 is somebody else's"
        assert {origin.user for origin in found.values()} == {"ada"}
        assert found["2"].campaign == found["3"].campaign == campaign.id
        assert not found["5"].campaign


def test_a_merge_is_told_of_the_destination_and_of_the_aligned_source() -> None:
    with ground() as place:
        first = place.add(document(2), frames=1)
        second = place.add(document(1, first=4, patient={"PatientSex": "F"}), frames=1)
        unit = plan_merge([place.party(first), place.party(second)])
        assert place.apply(place.campaign([unit])).complete
        destination = origins(place.project, first)
        assert [origin.operation for origin in destination.values()] == [
            "UpdateImageSetMetadata",
            "CopyImageSet",
        ]
        assert all(origin.rules for origin in destination.values())


def test_a_published_copy_is_told_from_its_first_version_on() -> None:
    with ground() as place:
        image_set = place.add(document())
        wanted = change("Patient/PatientName", "Doe^Jane", "X", "PN", "profile")
        campaign = place.campaign([plan_publication(place.party(image_set), [wanted])])
        assert place.apply(campaign).complete
        (made,) = {campaign.state()[0].names[name] for name in ("$2",)}
        found = origins(place.project, made)
        assert [(version, origin.title) for version, origin in found.items()] == [("1", "a test")]
        assert origins(place.project, image_set) == {}, "the original stays as it is"


def test_a_project_without_ledgers_knows_nothing() -> None:
    with ground() as place:
        assert origins(place.project, place.add(document())) == {}
