"""Reports say what was done and how it is proved, hold no values, and cannot be turned against their reader."""

from __future__ import annotations

import csv
import hashlib
import html.parser
import io
import json
from collections.abc import Iterator

import pytest

from curator import report
from curator.campaign.journal import Campaign
from curator.campaign.planfile import write_plan
from curator.campaign.undoing import undo
from curator.campaign.verifying import verify
from curator.plan.lines import Header
from curator.plan.merging import plan_merge
from curator.report.opening import verdict
from curator.report.samples import shape
from curator.report.words import CHECKS, name
from curator.verify import Check
from tests.campaign.ground import ABSENT, WHO, Ground, change, document, ground, instance


@pytest.fixture
def place() -> Iterator[Ground]:
    with ground() as made:
        yield made


@pytest.fixture
def campaign(place: Ground) -> Campaign:
    first = place.add(document(2))
    second = place.add(document(2))
    evil = "=cmd|'/c calc'!A1"
    units = [
        place.update(
            0,
            first,
            change("Patient/PatientName", "Doe^Jane", "<script>alert(1)</script>", "PN", rule=evil),
            change(instance(1, "ImageComments"), ABSENT, "seen", "LT", rule="[link](http://evil)|x"),
        ),
        place.update(1, second, change("Patient/PatientName", "other", "X", "PN")),
    ]
    made = place.campaign(units)
    place.apply(made)
    verify(made, place.imaging, WHO)
    return made


def test_a_report_says_what_why_who_and_how_it_is_proved(campaign: Campaign) -> None:
    found = json.loads(report.as_json(report.gather(campaign)))
    assert found["statuses"] == {"done": 2}
    assert found["verification"] == "holds for 2 units"
    assert [each["verb"] for each in found["sessions"]] == ["apply", "verify"]
    assert {each["user"] for each in found["sessions"]} == {"ada"}
    assert [(each["element"], each["action"], each["count"]) for each in found["elements"]] == [
        ("Patient/PatientName", "replace", 1),
        ("Instances[*]/ImageComments", "add", 1),
    ]
    assert [each["reason"] for each in found["left_out"]] == [
        "the element is not as it was when the change was proposed"
    ]
    assert [(each["before"], each["after"]) for each in found["image_sets"]] == [("1", "2"), ("1", "")]
    assert found["ledger_head"] == str(campaign.head)


@pytest.mark.parametrize("form", [report.as_html, report.as_markdown, report.as_json, report.as_csv])
def test_no_values_unless_asked_for(campaign: Campaign, form: object) -> None:
    assert callable(form)
    assert "Doe^Jane" not in form(report.gather(campaign))
    assert "1.2.3.4" not in form(report.gather(campaign))
    if form is not report.as_csv:
        assert "Doe^Jane" in form(report.gather(campaign, with_phi=True))


def test_samples_show_shapes_and_keyed_hashes_and_only_on_demand_values(campaign: Campaign) -> None:
    samples = {each.element: each for each in report.gather(campaign).samples}
    name, comment = samples["Patient/PatientName"], samples["Instances[*]/ImageComments"]
    assert (name.vr, name.action, name.before.shape) == ("PN", "replace", "Aaa^Aaaa")
    assert name.after.shape == "text of 25 characters"
    assert (comment.before.shape, comment.before.hash, comment.after.shape) == ("absent", "", "aaaa")
    assert len(name.before.hash) == 12
    assert name.before.hash != hashlib.sha256(b'"Doe^Jane"').hexdigest()[:12]
    assert [name.before.value, name.after.value] == [None, None]
    told = {each.element: each for each in report.gather(campaign, with_phi=True).samples}
    assert told["Patient/PatientName"].before.value == '"Doe^Jane"'
    assert "Doe" not in repr(told)


@pytest.mark.parametrize(
    ("value", "drawn"),
    [
        ("19991231", "99999999"),
        ("Ärzte-Haus 3", "Aaaaa-Aaaa 9"),
        ("x" * 1000, "text of 1,000 characters"),
        (12.5, "a number"),
        (["a", "b"], "2 values, first a"),
        ([{"CodeValue": "x"}], "1 item"),
        ("\x1b[31m", "??99a"),
    ],
)
def test_a_shape_is_not_the_value(value: object, drawn: str) -> None:
    assert shape(value) == drawn


def test_conflicts_that_were_resolved_are_named_with_how(place: Ground) -> None:
    first, second = place.add(document(2)), place.add(document(1, first=3, patient={"PatientName": "Doe^J"}))
    campaign = place.campaign([plan_merge([place.party(first), place.party(second)])])
    place.apply(campaign)
    found = report.gather(campaign).conflicts
    assert [(each.found, each.image_sets) for each in found] == [
        ("one series lay in several image sets", 1),
        ("different values of Patient/PatientName", 1),
    ]
    assert found[0].settled == f"merged into image set {first}"
    assert "Doe^J" not in report.as_markdown(report.gather(campaign))


def test_image_sets_left_alone_are_told_with_the_reason(place: Ground) -> None:
    unit = place.update(0, place.add(document(1)), change("Patient/PatientName", "Doe^Jane", "X", "PN"))
    skipped = [("a" * 32, "it is LOCKED (UPDATING)"), ("b" * 32, "it is LOCKED (UPDATING)")]
    header = Header(datastore=place.imaging.datastore_id)
    plan = write_plan(place.folder / "with-skipped", header, [unit], lambda: skipped)
    assert [each.number for each in plan.units()] == [0]
    evidence = report.gather(Campaign.begin(place.project, plan.path))
    assert evidence.skipped == skipped
    page = report.as_markdown(evidence)
    assert "| it is LOCKED (UPDATING) | 2 |" in page
    assert "2 image sets were left alone" in page


def test_the_first_words_say_whether_it_is_proved(place: Ground) -> None:
    image_set = place.add(document(1))
    campaign = place.campaign(
        [place.update(0, image_set, change("Patient/PatientName", "Doe^Jane", "X", "PN"))]
    )
    assert verdict(report.gather(campaign)) == (None, "Not verified yet.")
    assert "has not been carried out" in report.as_markdown(report.gather(campaign))
    place.apply(campaign)
    verify(campaign, place.imaging, WHO)
    holds, words = verdict(report.gather(campaign))
    assert (holds, words) == (True, "Verified: everything that was checked holds.")
    said = report.as_markdown(report.gather(campaign))
    assert "1 image set was changed in place" in said
    assert "carried out by ada" in said
    assert "earlier versions of the image sets that were changed" in said
    undo(campaign, place.imaging, WHO)
    assert "1 unit was taken back since" in report.as_markdown(report.gather(campaign))


def test_every_check_is_explained() -> None:
    assert set(CHECKS) == set(Check)


def test_every_check_has_a_name_in_words() -> None:
    names = [name(str(check)) for check in Check]
    assert len(set(names)) == len(names)
    assert not [each for each in names if "_" in each]


def test_csv_cells_are_no_formulas(campaign: Campaign) -> None:
    rows = list(csv.DictReader(io.StringIO(report.as_csv(report.gather(campaign)))))
    assert {row["rule"][:5] for row in rows if row["action"] == "replace"} == {"'=cmd"}
    assert all(not cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())


def test_markdown_and_html_take_no_markup_from_data(campaign: Campaign) -> None:
    evidence = report.gather(campaign, with_phi=True)
    markdown = report.as_markdown(evidence)
    assert "[link](http://evil)" not in markdown
    page = report.as_html(evidence)
    assert "<script>" not in page

    class Tags(html.parser.HTMLParser):
        found: set[str] = set()  # noqa: RUF012  (one parser)

        def handle_starttag(self, tag: str, attrs: object) -> None:
            self.found.add(tag)

    Tags().feed(page)
    assert not Tags.found & {"script", "img", "a", "link", "iframe"}


def test_what_is_open_has_a_next_step(place: Ground) -> None:
    image_set = place.add(document(1))
    campaign = place.campaign(
        [place.update(0, image_set, change("Patient/PatientName", "Doe^Jane", "X", "PN"))]
    )
    place.apply(place.campaign([place.update(0, image_set, change("Patient/PatientID", "P1", "P2"))]))
    place.apply(campaign)
    (line,) = report.gather(campaign).open
    assert (line.status, "plan it again" in line.next_step) == ("moved", True)
    assert "What is open" in report.as_markdown(report.gather(campaign))


def test_made_deleted_and_rebuilt_image_sets_are_told_apart(place: Ground) -> None:
    from curator.campaign.finishing import finish

    first, second = place.add(document(2), frames=1), place.add(document(1, first=3), frames=1)
    campaign = place.campaign([plan_merge([place.party(first), place.party(second)])])
    place.apply(campaign)
    finish(campaign, place.imaging, WHO, confirmed=True)
    assert {each.id: each.after for each in report.gather(campaign).image_sets}[second] == "deleted"
    undo(campaign, place.imaging, WHO)
    lines = report.gather(campaign).image_sets
    assert [line.role for line in lines] == ["destination", "source", "made"]
    assert lines[-1].after != "deleted"


def test_a_tampered_ledger_is_said_on_every_report(campaign: Campaign) -> None:
    content = campaign.ledger_path.read_bytes()
    campaign.ledger_path.write_bytes(content.replace(b'"ada"', b'"eve"', 1))
    assert "tampered with" in report.as_markdown(report.gather(campaign))
    assert "tampered with" in report.as_html(report.gather(campaign))
    assert verdict(report.gather(campaign))[0] is False


def test_what_a_reviewer_took_out_is_reported_with_name_and_time_and_without_uids(place: Ground) -> None:
    from curator.campaign.amending import begin, excluded
    from curator.plan.excluding import Exclusion

    one = place.add(document(2))
    comment = change(instance(1, "ImageComments"), ABSENT, "seen", "LT", rule="comment")
    named = change("Patient/PatientName", "Doe^Jane", "X", "PN", rule="name")
    whole = place.campaign([place.update(0, one, comment, named)])
    what = Exclusion(set=one, rule="comment", element=str(comment.path.generic()), change=str(comment.path))
    less = begin(whole, excluded([what], "ada"), place.imaging.document, lambda *_: None)
    assert place.apply(less).complete
    found = report.gather(less)
    assert [(each.by, each.changes) for each in found.excluded] == [("ada", 1)]
    for page in (report.as_html(found), report.as_markdown(found)):
        assert "Taken out of the plan by its reviewer" in page
        assert "one change, rule comment" in page
        assert whole.id in page
        assert "1.2.3.4.1" not in page
    assert json.loads(report.as_json(found))["excluded"][0]["what"].startswith("one change")
