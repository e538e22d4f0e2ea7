"""Reviewing a plan: three views of it, every change explained, what is not approved taken out and put back, a run paused."""

from __future__ import annotations

import json
import threading
from functools import partial

import pytest
from textual.pilot import Pilot

from curator.cli.main import run
from curator.project import Project
from curator.ruleshelf.own import keep_own
from curator.stores import open_store
from curator.tui.app import Workbench
from curator.tui.screens.campaign import CampaignScreen
from curator.tui.screens.plan_review import Amended
from curator.tui.work import Ticket
from tests.tui.reaching import apply_plan, at, on_top, to_a_publication
from tests.tui.screens.test_rules import RULES, on_the_shelf
from tests.tui.seen import press, screen_text, see, until

WIDE = (200, 50)
SMALL = (80, 24)


async def planned(pilot: Pilot[None]) -> CampaignScreen:
    """Make a plan of two rules that change all five image sets."""
    keep_own(Project.open(), "sitewise", RULES)
    await on_the_shelf(pilot, "sitewise")
    await press(pilot, "d")
    await see(pilot, "Dry run")
    await at(pilot, "groups")
    await press(pilot, "p")
    await see(pilot, "Plan  sitewise", "5 waiting")
    await at(pilot, "units")
    return await on_top(pilot, CampaignScreen)


def campaigns() -> list[str]:
    return [folder.name for folder in Project.open().campaigns()]


@pytest.mark.parametrize("size", [SMALL, WIDE])
async def test_a_plan_is_shown_by_image_set_by_rule_and_by_element(store: str, size: tuple[int, int]) -> None:
    app = Workbench(store)
    async with app.run_test(size=size, notifications=True) as pilot:
        await planned(pilot)
        await see(pilot, "InstitutionName", "Site A")
        await press(pilot, "b")
        await see(pilot, "by rule", "name-the-site", "shorter", "Every study says")
        await press(pilot, "b")
        await see(pilot, "by element", "Study/StudyDescription")
        await press(pilot, "b")
        await see(pilot, "waiting", "update")


async def test_a_change_is_explained_in_the_words_of_curator_explain(
    store: str, capsys: pytest.CaptureFixture[str]
) -> None:
    opened = open_store(store)
    (three,) = opened.imaging.search([{"values": [{"DICOMPatientId": "three"}], "operator": "EQUAL"}])
    opened.close()
    assert run(["--store", store, "explain", three.id, "PatientName", "--profile", "basic", "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await to_a_publication(pilot)
        await see(pilot, "PatientName")
        await press(pilot, "enter")
        await at(pilot, "changed")
        screen = app.screen
        assert isinstance(screen, CampaignScreen)
        names = [line.change.path.key if line.change else "" for line in screen.lines.lines]
        for _ in range(names.index("PatientName")):
            await press(pilot, "j")
        await press(pilot, "enter")
        shown = await see(pilot, "Why it is changed")
        for why in told["why"]:
            for name, text in [(why["rule"], why["text"]), *why["detail"].items()]:
                assert name in shown
                assert text in shown


async def test_a_rule_is_taken_out_and_put_back_and_the_plan_says_by_whom(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await planned(pilot)
        whole = screen.campaign.id
        before = screen.campaign.plan.cost.changes
        await press(pilot, "b")
        await see(pilot, "by rule")
        await press(pilot, "x")
        await see(pilot, "Taken out", "by rule")
        await until(pilot, lambda: screen.groups is not None)
        less = screen.campaign
        assert less.id != whole
        assert less.plan.header.amends == whole
        (excluded,) = less.plan.header.excluded
        assert (excluded.what.rule, excluded.changes) == ("name-the-site", 5)
        assert excluded.by
        assert less.plan.cost.changes == before - 5
        assert sorted(campaigns()) == sorted([whole, less.id])
        await press(pilot, "b", "b")
        await see(pilot, "excluded", "rule name-the-site", excluded.by)
        await press(pilot, "x")
        await see(pilot, "Put back")
        await until(pilot, lambda: screen.campaign.id == whole)
        assert campaigns() == [whole], "a plan that nobody began is not kept"


async def test_marked_changes_are_taken_out_and_only_the_rest_is_applied_and_reported(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await planned(pilot)
        await press(pilot, "b", "b")
        await see(pilot, "by element", "Study/StudyDescription")
        await press(pilot, "j", "enter")
        await at(pilot, "changed")
        first = screen.lines.lines[0]
        assert first.change is not None
        assert first.change.path.key == "StudyDescription"
        await press(pilot, "x")
        await see(pilot, "Taken out")
        await until(pilot, lambda: len(screen.campaign.plan.header.excluded) == 1)
        await press(pilot, "b", "shift+tab")
        await see(pilot, "one change, rule shorter")
        await at(pilot, "units")
        await press(pilot, "x")
        await until(pilot, lambda: not screen.campaign.plan.header.excluded)
        await until(pilot, lambda: screen.view == "by image set" and len(screen.rows) == 5)
        gone = screen.rows.told[0].unit.members[0].id
        await press(pilot, "g", "x")
        await until(pilot, lambda: len(screen.rows) == 4)
        await apply_plan(pilot, "1 change was taken out of it by its reviewers", "approved it", done="4 done")
        await press(pilot, "x")
        await see(pilot, "Exclude: it was begun")
    opened = open_store(store)
    try:
        assert opened.imaging.image_set(gone).version == "1"
        assert sorted(each.version for each in opened.imaging.search()).count("2") == 4
    finally:
        opened.close()


async def test_nothing_is_applied_but_the_plan_that_was_asked_about(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await planned(pilot)
        whole = screen.campaign
        await press(pilot, "b", "x")
        await until(pilot, lambda: screen.campaign is not whole)
        await see(pilot, "Taken out")
        less = screen.campaign
        await press(pilot, "A")
        await at(pilot, "cancel")
        screen.post_message(Amended(screen._amending, whole, "Put back"))
        await until(pilot, lambda: screen.campaign is whole)
        await press(pilot, "tab", "enter")
        await see(pilot, "Nothing was done: the plan is another one by now")
        assert not whole.ledger_path.exists()
        assert not less.ledger_path.exists()


async def test_a_plan_is_not_applied_while_something_is_being_taken_out_of_it(store: str) -> None:
    done = threading.Event()
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await planned(pilot)
        screen._amending = app.work.begin("take out of the plan", screen, lambda ticket: said(done.wait(5)))
        await press(pilot, "A")
        await see(pilot, "Apply: work is going on")
        done.set()
        await until(pilot, lambda: not app.work.running)
        await press(pilot, "A")
        await at(pilot, "cancel")


def said(_: bool) -> None:
    """Answer nothing."""


async def test_what_belongs_together_is_not_taken_apart(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await to_a_publication(pilot)
        await press(pilot, "enter")
        await at(pilot, "changed")
        await press(pilot, "x")
        await see(pilot, "belong together", "leave whole image sets out")
        await press(pilot, "shift+tab", "x")
        await see(pilot, "Nothing would be left of the plan")
        await press(pilot, "b")
        await see(pilot, "by rule")
        await press(pilot, "x")
        await see(pilot, "Rule basic cannot be taken out alone", "would stay readable")


async def test_what_columns_cut_off_is_told_whole_below(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=SMALL) as pilot:
        await to_a_publication(pilot)
        seen = await see(pilot, "waiting: publish ")
        await press(pilot, "enter")
        await at(pilot, "changed")
        await press(pilot, "j", "j", "j")
        await see(pilot, "PatientID (0010,0020): the subject's pseudonym", "three → ")
        assert "the subject's pseudonym" not in seen, "the column has no room for it"
        assert "v Verify" not in seen, "nothing was done that could be verified"


async def test_a_publication_is_undone_whole_also_from_its_rules(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=SMALL) as pilot:
        await to_a_publication(pilot)
        await press(pilot, "b")
        await see(pilot, "by rule", "basic")
        await press(pilot, "A")
        await at(pilot, "cancel")
        await press(pilot, "tab", "enter")
        await see(pilot, "apply the plan: 1 done", "v Verify", "U Undo")
        await press(pilot, "v")
        await see(pilot, "1 done, 1 verified  by rule", "verified: 2 image sets are as planned")
        await press(pilot, "U")
        await see(
            pilot, "Undo what this plan did?", "taken back whole", "copies that it published are deleted"
        )
        await at(pilot, "cancel")
        await press(pilot, "tab", "enter")
        await see(pilot, "1 undone")


async def test_a_run_is_paused_and_goes_on(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        Ticket, "__post_init__", lambda self: None
    )  # all work begins as if P had been pressed
    app = Workbench(store)
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        screen = await planned(pilot)
        await press(pilot, "P")
        await see(pilot, "Pause: the plan is not being applied here")
        await press(pilot, "A")
        await at(pilot, "cancel")
        await press(pilot, "tab", "enter")
        await see(pilot, "0 of 5 units", "PAUSED")
        assert not [each for each in screen.campaign.state().values() if each.steps]
        await press(pilot, "P")
        await see(pilot, "5 done")
        await see(pilot, "apply the plan: 5 done")
        assert "PAUSED" not in screen_text(pilot.app)


async def test_what_was_begun_is_told_before_a_run_is_paused(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("curator.stores.open_store", partial(open_store, delay=1.5))  # as slow as the service
    app = Workbench(store)
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await planned(pilot)
        await press(pilot, "A")
        await at(pilot, "cancel")
        await press(pilot, "tab", "enter")
        await see(pilot, "begun: ")
        await press(pilot, "P")
        await see(pilot, "pausing: 5 begun are finished first")
        await see(pilot, "apply the plan: 5 done")


async def test_a_paused_run_is_cancelled_and_applied_later(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Ticket, "__post_init__", lambda self: None)
        app = Workbench(store)
        async with app.run_test(size=WIDE, notifications=True) as pilot:
            await planned(pilot)
            await press(pilot, "A")
            await at(pilot, "cancel")
            await press(pilot, "tab", "enter")
            await see(pilot, "PAUSED")
            await press(pilot, "ctrl+x")
            await see(pilot, "Cancelled.")
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await press(pilot, "C")
        await see(pilot, "sitewise", "5 waiting")
        await press(pilot, "enter")
        await see(pilot, "Plan  sitewise")
        await at(pilot, "units")
        await press(pilot, "A")
        await at(pilot, "cancel")
        await press(pilot, "tab", "enter")
        await see(pilot, "apply the plan: 5 done")


@pytest.mark.parametrize("size", [SMALL, WIDE])
async def test_image_sets_that_say_they_are_de_identified_are_named_in_the_plan(
    store: str, size: tuple[int, int]
) -> None:
    opened = open_store(store)
    (three,) = opened.imaging.search([{"values": [{"DICOMPatientId": "three"}], "operator": "EQUAL"}])
    opened.close()
    assert run(["--store", store, "set", three.id, "Patient/PatientIdentityRemoved=YES"]) == 0
    app = Workbench(store)
    async with app.run_test(size=size, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await press(pilot, "D")
        await see(pilot, "all that are not yet", "basic")
        await at(pilot, "profiles")
        await press(pilot, "enter")
        await see(pilot, "What this publication costs", "Left alone", "1 image set", "CUR501 looks")
        await at(pilot, "told")
        await press(pilot, "escape")
        await see(pilot, "2 waiting, 3 left alone")
        await press(pilot, "b", "b", "b")
        await see(
            pilot,
            "Why it is left alone",
            "said to be de-identified already",
            "published all the same if named",
        )
        await press(pilot, "x")
        await see(pilot, "Exclude: this line is no change")


@pytest.mark.parametrize("size", [SMALL, WIDE])
async def test_a_publication_is_reviewed_by_what_decided_in_its_profile(
    store: str, size: tuple[int, int]
) -> None:
    app = Workbench(store)
    async with app.run_test(size=size, notifications=True) as pilot:
        await to_a_publication(pilot)
        await press(pilot, "b")
        await see(
            pilot,
            "by rule",
            "UIDs remapped (basic profile)",
            "removed (basic profile)",
            "private elements removed",
        )
        await press(pilot, "x")
        await see(pilot, "Rule basic cannot be taken out alone")
