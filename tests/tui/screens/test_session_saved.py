"""A session is saved as a rule file, and `curator batch` does it all again: resolutions, edits, decisions, publication."""

from __future__ import annotations

import shutil
import stat
from collections import Counter
from pathlib import Path

import pytest
from textual.pilot import Pilot

from curator.campaign.deciding import kept_decisions
from curator.campaign.reviewing import at_risk, review, told_of_pixels
from curator.cli.main import run
from curator.deid.pixelreview import PixelDecision, Verdict, pixels_of
from curator.imageset import content_hash
from curator.project import Project
from curator.ruleshelf import open_rule_file
from curator.stores import open_store
from curator.tui.app import Workbench
from curator.tui.screens.campaign import CampaignScreen
from curator.tui.widgets.row_view import RowView
from tests.tui.reaching import at
from tests.tui.screens.test_metadata import commit, go
from tests.tui.seen import gone, press, see, until

WIDE = (200, 50)


def contents(spec: str) -> Counter[str]:
    """Return how often each content stands in a store, ids aside."""
    opened = open_store(spec)
    try:
        return Counter(content_hash(opened.imaging.document(each.id)) for each in opened.imaging.search())
    finally:
        opened.close()


def reviewed(spec: str) -> None:
    """Clear an instance at risk, and exclude another; not of the MR, which is edited."""
    opened = open_store(spec)
    try:
        found = [one for each in opened.imaging.search() for one in at_risk(opened.imaging.document(each.id))]
    finally:
        opened.close()
    found = [one for one in found if not one.kind.startswith("MR")]
    verdicts = (Verdict.CLEAR, Verdict.EXCLUDE)
    said = [
        PixelDecision(one.sop, verdict, pixels_of(one.instance.frames), "ada", why="seen")
        for one, verdict in zip(found, verdicts, strict=False)
    ]
    assert len(said) == len(verdicts)
    review(Project.open(), said)


async def apply(pilot: Pilot[None]) -> None:
    """Apply the plan that is shown, and go back to the list of image sets."""
    await until(pilot, lambda: isinstance(pilot.app.screen, CampaignScreen))
    await at(pilot, "units")
    await press(pilot, "A")
    await at(pilot, "cancel")
    await press(pilot, "tab", "enter")
    await see(pilot, "apply the plan:")
    await until(pilot, lambda: not pilot.app.work.running)  # type: ignore[attr-defined]


async def saved(pilot: Pilot[None], key: str = "w") -> Path:
    """Save what was applied in this session, and return the file."""
    await press(pilot, "C")
    await at(pilot, "campaigns")
    await press(pilot, key)
    await see(pilot, "Save as a rule file")
    await at(pilot, "value")
    await press(pilot, "enter")
    await see(pilot, "Saved as")
    dialog = pilot.app.screen.query_one(".dialog")
    assert dialog.size.height < pilot.app.size.height // 2, "no higher than what it says"
    assert pilot.app.screen.query_one("#told", RowView).max_scroll_y == 0, "and all of that is seen"
    await press(pilot, "escape")
    (path,) = (Project.open().root / "sessions").glob("session-*.yaml")
    return path


async def test_a_session_is_replayed_on_a_fresh_copy_of_the_store_with_equal_documents(
    demo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fresh = tmp_path / "fresh"
    shutil.copytree(demo_folder, fresh)
    reviewed(f"local:{demo_folder}")
    app = Workbench(f"local:{demo_folder}")
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await see(pilot, "Image sets  18")
        await press(pilot, "f")
        await see(pilot, "CUR105")
        await press(pilot, "R")
        await see(pilot, "resolve conflicts", "merge")
        await apply(pilot)
        await press(pilot, "escape", "escape")
        await see(pilot, "Image sets")
        await press(pilot, "slash", "=modality:MR", "enter", "m")
        await see(pilot, "▾ Patient")
        screen = pilot.app.screen
        await go(pilot, screen, "StudyID")  # type: ignore[arg-type]
        await press(pilot, "e")
        await press(pilot, "=; brain", "enter")
        await commit(pilot)
        await press(pilot, "escape")
        await see(pilot, "Image sets")
        await press(pilot, "D")
        await see(pilot, "research")
        await at(pilot, "profiles")
        await press(pilot, "j", "j")
        await press(pilot, "w")
        await see(pilot, "The profile would", "0 decided")
        await press(pilot, "slash", "=manufacturer ge", "enter", "y")
        await see(pilot, "1 decided")
        await press(pilot, "escape", "escape")
        await at(pilot, "profiles")
        await press(pilot, "enter")
        await see(pilot, "What this publication costs")
        await at(pilot, "told")
        await press(pilot, "enter")
        await apply(pilot)
        await press(pilot, "escape")
        await see(pilot, "Image sets")
        path = await saved(pilot)
    assert len(kept_decisions(Project.open())) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text()
    for word in (
        "resolve: majority",
        "publish: research",
        "decision: keep",
        "brain",
        "decision: clear",
        "decision: exclude",
    ):
        assert word in text
    assert open_rule_file(str(path)).where.startswith("seriesuid=")
    monkeypatch.setenv("CURATOR_KEY_FILE", str(Project.open().root / "key"))
    project = tmp_path / "replay"
    capsys.readouterr()
    assert run(["--store", f"local:{fresh}", "--project", str(project), "batch", str(path)]) == 0
    assert contents(f"local:{fresh}") == contents(f"local:{demo_folder}")
    assert told_of_pixels(Project.open(project)) == told_of_pixels(Project.open()), "as it was signed"
    assert "2 decisions about pixels taken from the file" in capsys.readouterr().err


async def test_what_is_saved_for_all_holds_wherever_the_same_values_stand(
    store: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fresh = tmp_path / "fresh"
    shutil.copytree(store.removeprefix("local:"), fresh)
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await press(pilot, "C", "w")
        await see(pilot, "nothing was applied in this session")
        await press(pilot, "escape", "slash", "=three", "enter", "m")
        await see(pilot, "▾ Patient")
        await go(pilot, app.screen, "PatientName")  # type: ignore[arg-type]
        for more in ("X", "Y"):
            await press(pilot, "e", f"={more}", "enter")
            await commit(pilot)
            await gone(pilot, "pending")
        await press(pilot, "escape")
        await see(pilot, "Image sets")
        path = await saved(pilot, "W")
    file = open_rule_file(str(path))
    assert (file.where, len(file.rules)) == ("", 1), "two edits of one element are one rule"
    assert run(["--store", f"local:{fresh}", "--project", str(tmp_path / "p"), "batch", str(path)]) == 0
    assert contents(f"local:{fresh}") == contents(store)
    capsys.readouterr()


async def test_an_edit_stays_with_the_image_set_it_was_made_in_though_others_of_the_session_have_the_value(
    store: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fresh = tmp_path / "fresh"
    shutil.copytree(store.removeprefix("local:"), fresh)
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        for which, element in (("three", "StudyID"), ("PatientID=1CT1", "PatientName")):
            await press(pilot, "slash", "ctrl+u", f"={which}", "enter", "m")
            await see(pilot, "▾ Patient")
            await go(pilot, app.screen, element)  # type: ignore[arg-type]
            await press(pilot, "e", "=X", "enter")
            await commit(pilot)
            await gone(pilot, "pending")
            await press(pilot, "escape")
            await see(pilot, "Image sets")
        path = await saved(pilot)
    file = open_rule_file(str(path))
    assert file.where.count("|") == 1, "both series are the session's"
    assert run(["--store", f"local:{fresh}", "--project", str(tmp_path / "p"), "batch", str(path)]) == 0
    assert contents(f"local:{fresh}") == contents(store)
    capsys.readouterr()
