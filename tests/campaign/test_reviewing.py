"""What reviewers say of pixels is kept, holds for what they looked at, and decides what is published."""

from __future__ import annotations

import stat
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from curator.campaign.attesting import attest
from curator.campaign.publishing import Publishing
from curator.campaign.reviewing import at_risk, cleared_in, pixel_decisions_of, review, told_of_pixels
from curator.deid.pixelreview import PixelDecision, PixelDecisions, Verdict, pixels_of, read_pixel_decisions
from curator.dicom import Json
from curator.errors import UsageError
from curator.plan.leftout import Reason
from curator.project import Project
from curator.report.evidence import gather
from curator.report.sections import sections
from tests.campaign.ground import WHO, Ground, document, ground
from tests.campaign.test_publishing import RESEARCH, planned, with_element

RISKY, PLAIN = "1.2.3.4.1", "1.2.3.4.2"
CHECKSUMS = "PixelDataChecksumFromBaseToFullResolution"


@pytest.fixture
def place() -> Iterator[Ground]:
    with ground() as made:
        yield made


def risky(place: Ground) -> str:
    """Add two instances, of which one says that writing is burned in."""
    tree = document(2)
    with_element(tree, RISKY, BurnedInAnnotation="YES")
    return place.add(tree, frames=1)


def publishing(place: Ground) -> Publishing:
    """Return how the project publishes now."""
    return Publishing(RESEARCH, place.project.keyed, pixels=pixel_decisions_of(place.project))


def looked_at(place: Ground, image_set: str, sop: str) -> str:
    node = place.imaging.document(image_set).instance(sop)
    assert node is not None
    return pixels_of(node.frames)


def test_a_cleared_instance_is_published_and_who_cleared_it_stands_in_plan_report_and_proof(
    place: Ground,
) -> None:
    image_set = risky(place)
    pixels = looked_at(place, image_set, RISKY)
    review(place.project, [PixelDecision(RISKY, Verdict.CLEAR, pixels, by="ada", when="2026-11-23T10:00:00")])
    (unit,), _, _ = planned(place, how=publishing(place))
    assert unit.left_out == ()
    assert cleared_in([unit]) == {"ada on 2026-11-23": 1}
    campaign = place.campaign([unit])
    assert place.apply(campaign).complete
    (told,) = [each for each in sections(gather(campaign)) if "cleared" in each.title]
    assert told.rows == (("ada on 2026-11-23", "1"),)
    held = attest(campaign, place.imaging, RESEARCH, WHO, pixels=pixel_decisions_of(place.project))
    assert held.holds
    assert not attest(campaign, place.imaging, RESEARCH, WHO).holds


def test_in_place_nothing_is_changed_of_an_image_set_of_which_a_part_would_stay_as_it_is(
    place: Ground,
) -> None:
    image_set = risky(place)
    units, found, _ = planned(place, how=replace(publishing(place), in_place=True))
    assert units == []
    assert [(one, left.reason) for one, left in found.refused] == [(image_set, Reason.PIXELS)]
    review(place.project, [PixelDecision(RISKY, Verdict.CLEAR, looked_at(place, image_set, RISKY))])
    ((unit,), _, _) = planned(place, how=replace(publishing(place), in_place=True))
    assert [member.id for member in unit.members] == [image_set]


def test_an_excluded_instance_is_left_out_whatever_else_says_it_may_go(place: Ground) -> None:
    risky(place)
    review(place.project, [PixelDecision(sop, Verdict.EXCLUDE) for sop in (RISKY, PLAIN)])
    how = Publishing(
        RESEARCH, place.project.keyed, cleared=frozenset({RISKY}), pixels=pixel_decisions_of(place.project)
    )
    units, found, _ = planned(place, how=how)
    assert units == []
    assert [(left.reason, left.count) for _, left in found.refused] == [(Reason.EXCLUDED, 2)]
    review(place.project, [PixelDecision(PLAIN, Verdict.WITHDRAW)])
    (unit,), _, _ = planned(place, how=publishing(place))
    assert [(left.reason, left.count) for left in unit.left_out] == [(Reason.EXCLUDED, 1)]


def test_clearing_other_pixels_of_the_same_uid_does_not_take_an_exclusion_back(place: Ground) -> None:
    image_set = risky(place)
    own = looked_at(place, image_set, PLAIN)
    review(place.project, [PixelDecision(PLAIN, Verdict.EXCLUDE, own)])
    decided = review(place.project, [PixelDecision(PLAIN, Verdict.CLEAR, "the pixels of a namesake")])
    node = place.imaging.document(image_set).instance(PLAIN)
    assert node is not None
    said = decided.of(PLAIN, node.frames)
    assert said is not None
    assert said.verdict is Verdict.EXCLUDE
    cleared = review(place.project, [PixelDecision(PLAIN, Verdict.CLEAR, own)]).of(PLAIN, node.frames)
    assert cleared is not None
    assert cleared.verdict is Verdict.CLEAR


def test_what_was_excluded_after_it_was_published_fails_the_proof(place: Ground) -> None:
    place.add(document(1), frames=1)
    campaign = place.campaign(planned(place)[0])
    assert place.apply(campaign).complete
    review(place.project, [PixelDecision(RISKY, Verdict.EXCLUDE)])
    held = attest(campaign, place.imaging, RESEARCH, WHO, pixels=pixel_decisions_of(place.project))
    assert [(each.check, each.message) for each in held.violations] == [
        ("pixels_hidden", "a reviewer excluded it from publishing")
    ]


def namesake(place: Ground) -> str:
    """Add the same instances once more with other pixels, as another set of the same series."""
    tree = document(2)
    with_element(tree, RISKY, BurnedInAnnotation="YES")
    return place.add(tree, frames=2)


def test_the_proof_tells_pixels_under_one_uid_apart(place: Ground) -> None:
    one, other = risky(place), namesake(place)
    clear = [PixelDecision(RISKY, Verdict.CLEAR, looked_at(place, each, RISKY)) for each in (one, other)]
    review(place.project, clear)
    campaign = place.campaign(planned(place, how=publishing(place))[0])
    assert place.apply(campaign).complete
    asked = (campaign, place.imaging, RESEARCH, WHO)
    assert attest(*asked, pixels=pixel_decisions_of(place.project)).holds
    review(place.project, [PixelDecision(RISKY, Verdict.WITHDRAW), clear[0]])
    held = attest(*asked, pixels=pixel_decisions_of(place.project))
    assert [(each.check, each.message) for each in held.violations] == [
        ("pixels_hidden", "BurnedInAnnotation is YES")
    ]


def test_pixels_that_were_cleared_are_published_beside_excluded_ones_of_their_uid(place: Ground) -> None:
    one, _ = risky(place), namesake(place)
    review(place.project, [PixelDecision(RISKY, Verdict.EXCLUDE)])
    review(place.project, [PixelDecision(RISKY, Verdict.CLEAR, looked_at(place, one, RISKY))])
    units, _, _ = planned(place, how=publishing(place))
    assert sum(left.count for unit in units for left in unit.left_out) == 1
    campaign = place.campaign(units)
    assert place.apply(campaign).complete
    held = attest(campaign, place.imaging, RESEARCH, WHO, pixels=pixel_decisions_of(place.project))
    assert held.violations == []


def test_a_clearance_says_nothing_of_other_pixels_under_the_same_uid(place: Ground) -> None:
    image_set = risky(place)
    other: Json = {CHECKSUMS: [{"Width": 1, "Height": 1, "Checksum": 123}]}
    assert isinstance(other, dict)
    review(place.project, [PixelDecision(RISKY, Verdict.CLEAR, pixels_of([other]))])
    (unit,), _, _ = planned(place, how=publishing(place))
    assert [(left.reason, left.count) for left in unit.left_out] == [(Reason.PIXELS, 1)]
    review(place.project, [PixelDecision(RISKY, Verdict.CLEAR, looked_at(place, image_set, RISKY))])
    (unit,), _, _ = planned(place, how=publishing(place))
    assert unit.left_out == ()


def test_the_last_word_holds_and_every_word_stays(place: Ground) -> None:
    project = place.project
    review(project, [PixelDecision(RISKY, Verdict.EXCLUDE, why='says "Doe, Jane"\nin a corner')])
    review(project, [PixelDecision(RISKY, Verdict.WITHDRAW)])
    holds = review(project, [PixelDecision(PLAIN, Verdict.CLEAR)])
    assert [each.sop for each in holds] == [PLAIN]
    told = told_of_pixels(project)
    assert [each.verdict for each in told] == [Verdict.EXCLUDE, Verdict.WITHDRAW, Verdict.CLEAR]
    assert told[0].why == 'says "Doe, Jane"\nin a corner'
    assert all(each.by and each.when for each in told)
    assert stat.S_IMODE(project.pixel_decisions.stat().st_mode) == 0o600
    assert project.pixel_decisions in project.purgeable()


def test_two_who_decide_at_once_lose_nothing(place: Ground) -> None:
    def decide(number: int) -> None:
        for count in range(20):
            review(Project.open(place.project.root), [PixelDecision(f"1.{number}.{count}", Verdict.CLEAR)])

    threads = [threading.Thread(target=decide, args=(number,)) for number in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(pixel_decisions_of(place.project)) == 80


def test_a_line_that_a_crash_tore_does_not_swallow_the_next(place: Ground) -> None:
    review(place.project, [PixelDecision(PLAIN, Verdict.CLEAR)])
    path = place.project.pixel_decisions
    path.write_bytes(path.read_bytes() + b"1.2.3,exclude")
    assert RISKY in {each.sop for each in review(place.project, [PixelDecision(RISKY, Verdict.EXCLUDE)])}


def test_what_is_at_risk_is_told_with_its_reasons(place: Ground) -> None:
    found = place.imaging.document(risky(place))
    (one,) = at_risk(found)
    assert (one.number, one.risks, one.sop) == (1, ("BurnedInAnnotation is YES",), RISKY)
    assert RISKY not in repr(one)
    decided = PixelDecisions([PixelDecision(PLAIN, Verdict.EXCLUDE)])
    assert [each.sop for each in at_risk(found, decided)] == [RISKY, PLAIN]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("uid,word\n1,clear\n", "needs the columns sop_instance_uid and decision"),
        (
            "sop_instance_uid,decision\n1.2,maybe\n",
            "sheet.csv:2: the decision is one of clear, exclude, withdraw",
        ),
        ("sop_instance_uid,decision\n,clear\n", "sheet.csv:2: the SOP Instance UID is missing"),
    ],
)
def test_a_wrong_sheet_says_where_and_repeats_no_uid(text: str, why: str) -> None:
    with pytest.raises(UsageError) as refused:
        read_pixel_decisions(text, "sheet.csv")
    assert why in refused.value.message
    assert "1.2" not in refused.value.message
