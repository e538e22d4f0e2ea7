"""What campaigns did becomes a rule file: net changes, proved on the documents they were made to, nothing hidden."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from curator.campaign.recording import Around, record
from curator.campaign.undoing import undo
from curator.deid.decisions import Decision
from curator.deid.pixelreview import PixelDecision, Verdict
from curator.deid.words import VOCABULARY
from curator.errors import Refused
from curator.rulefile import load
from curator.rulefile.batching import batch_of
from tests.campaign.ground import ABSENT, WHO, Ground, change, document, ground, instance, node


@pytest.fixture
def place() -> Iterator[Ground]:
    with ground() as made:
        yield made


def test_the_rules_do_to_the_documents_what_the_campaigns_did(place: Ground) -> None:
    one = place.add(document(2))
    base = place.imaging.document(one)
    first = place.campaign([place.update(0, one, change("Study/StudyDescription", "Head", "B"))])
    place.apply(first)
    second = place.campaign(
        [
            place.update(
                0,
                one,
                change("Study/StudyDescription", "B", "C"),
                change(instance(1, "ImageComments"), ABSENT, "seen", "LT"),
                change(instance(2, "ImageComments"), ABSENT, "seen", "LT"),
            )
        ]
    )
    place.apply(second)
    made = record([first, second], "monday", document=place.imaging.document)
    assert (made.rules, made.left_out, made.otherwise, made.notes) == (2, 0, 0, ())
    file = load(made.text, "monday", vocabulary=VOCABULARY)
    assert all(rule.safety.value == "safe" for rule in file.rules), "a person applied them"
    found = {(each.path.key, each.after) for each in file.evaluate(base)}
    assert found == {("StudyDescription", "C"), ("ImageComments", "seen")}


def test_what_a_rule_would_do_to_others_too_is_counted(place: Ground) -> None:
    one = place.add(document(2))
    made_to_one = change(instance(1, "ImageComments"), ABSENT, "seen", "LT")
    campaign = place.campaign([place.update(0, one, made_to_one)])
    place.apply(campaign)
    assert record([campaign], "monday", document=place.imaging.document).otherwise == 1


def test_what_was_undone_or_never_done_is_not_in_it(place: Ground) -> None:
    one = place.add(document(2))
    campaign = place.campaign([place.update(0, one, change("Study/StudyDescription", "Head", "B"))])
    with pytest.raises(Refused):
        record([campaign], "monday", document=place.imaging.document)
    place.apply(campaign)
    assert "Head" in record([campaign], "monday", document=place.imaging.document).text
    undo(campaign, place.imaging, WHO)
    with pytest.raises(Refused):
        record([campaign], "monday", document=place.imaging.document)


def test_it_may_be_for_the_series_alone_that_were_touched(place: Ground) -> None:
    one = place.add(document(2))
    campaign = place.campaign([place.update(0, one, change("Study/StudyDescription", "Head", "B"))])
    place.apply(campaign)
    around = Around(lambda image_set: "1.2.3.4", lambda image_set: (), lambda image_set: "1")
    made = record([campaign], "monday", document=place.imaging.document, around=around)
    assert load(made.text, "monday", vocabulary=VOCABULARY).where == "seriesuid=1.2.3.4"


def test_an_edit_stays_with_the_image_sets_it_was_made_in(place: Ground) -> None:
    trees = [document(2), document(2, first=3), document(2, first=5)]
    other = node(trees[2], "Study", "Series")
    other["9.9"] = other.pop("1.2.3.4")
    node(other, "9.9", "DICOM")["SeriesInstanceUID"] = "9.9"
    one, torn, apart = (place.add(tree) for tree in trees)
    series = {one: "1.2.3.4", torn: "1.2.3.4", apart: "9.9"}
    around = Around(series.__getitem__, lambda image_set: series.keys() - {image_set}, lambda image_set: "1")
    before = {each: place.imaging.document(each) for each in series}
    edits = [
        place.update(
            0,
            one,
            change("Study/StudyDescription", "Head", "B"),
            change(instance(2, "ImageComments"), ABSENT, "seen", "LT"),
        ),
        place.update(1, apart, change("Study/StudyID", "1", "2", "SH")),
        place.update(2, torn, change("Patient/PatientName", "Doe^Jane", "X", "PN")),
    ]
    campaign = place.campaign(edits)
    place.apply(campaign)
    made = record([campaign], "monday", document=place.imaging.document, around=around)
    assert (made.rules, made.left_out, made.otherwise, made.notes) == (4, 0, 0, ())
    file = load(made.text, "monday", vocabulary=VOCABULARY)
    done = {each: sorted(found.path.key for found in file.evaluate(before[each])) for each in series}
    assert done == {one: ["ImageComments", "StudyDescription"], torn: ["PatientName"], apart: ["StudyID"]}


def test_an_edit_of_one_of_two_with_the_same_instances_is_said_to_change_both(place: Ground) -> None:
    one, twin = place.add(document(2)), place.add(document(2))
    around = Around(lambda image_set: "1.2.3.4", lambda image_set: {one, twin}, lambda image_set: "1")
    campaign = place.campaign([place.update(0, one, change("Study/StudyDescription", "Head", "B"))])
    place.apply(campaign)
    assert record([campaign], "monday", document=place.imaging.document, around=around).otherwise == 1


def test_an_edit_that_was_edited_back_is_nothing(place: Ground) -> None:
    one = place.add(document(2))
    campaigns = []
    for before, after in (("Head", "B"), ("B", "Head")):
        campaign = place.campaign([place.update(0, one, change("Study/StudyDescription", before, after))])
        place.apply(campaign)
        campaigns.append(campaign)
    with pytest.raises(Refused):
        record(campaigns, "monday", document=place.imaging.document)


def test_what_was_said_of_pixels_goes_with_a_publication_alone_and_that_is_said(place: Ground) -> None:
    one = place.add(document(2))
    campaign = place.campaign([place.update(0, one, change("Study/StudyDescription", "Head", "B"))])
    place.apply(campaign)
    said = [PixelDecision("1.2.3", Verdict.CLEAR, "abc", "ada", "2026-01-02", "seen")]
    left = record([campaign], "monday", document=place.imaging.document, pixels=said)
    assert "1.2.3" not in left.text
    (note,) = left.notes
    assert "1 decision about pixels is NOT in it" in note
    value = [Decision("Series/Manufacturer", "LO", "ACME", "keep")]
    made = record(
        [campaign],
        "monday",
        document=place.imaging.document,
        decisions=value,
        pixels=said,
        profile="research",
    )
    batch = batch_of(load(made.text, "monday", vocabulary=VOCABULARY))
    assert batch is not None
    assert [
        (each.instance, each.decision, each.pixels, each.by, each.when, each.why) for each in batch.pixels
    ] == [("1.2.3", "clear", "abc", "ada", "2026-01-02", "seen")]
