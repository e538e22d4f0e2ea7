"""Frames are shown as they are, pixels at risk are said, and the reviewer's word is kept and followed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from textual import events
from textual.pilot import Pilot

from curator.campaign.reviewing import pixel_decisions_of, told_of_pixels
from curator.healthimaging import HealthImaging
from curator.pictures import frames_of, picture_of
from curator.project import Project
from curator.stores import open_store
from curator.tui.app import Workbench
from curator.tui.frame_reader import THREADS, Wanted
from curator.tui.half_blocks import scaled
from curator.tui.screens.frames import FramesScreen
from curator.tui.screens.image_sets import ImageSetsScreen
from tests.campaign.test_beside_pixels import jpeg
from tests.tui.reaching import at
from tests.tui.seen import gone, press, screen_text, see, until
from tests.tui.test_hostile import clean

WIDE = (200, 50)
BLOCK = "▀"
Array = NDArray[Any]


def said() -> list[tuple[str, str]]:
    """What holds now, by the last part of the instance's UID."""
    return [(each.sop.rpartition(".")[2], str(each.verdict)) for each in pixel_decisions_of(Project.open())]


def same(one: Array | None, other: Array | None) -> bool:
    assert one is not None
    assert other is not None
    return np.array_equal(one, other)


async def frames(pilot: Pilot[None], where: str, count: int = 5, *, begin: str = "") -> FramesScreen:
    """Open the frames of the first image set that a filter leaves, or of the patient ``begin``."""
    await see(pilot, f"Image sets  {count}")
    await press(pilot, "slash", f"={where}", "enter")
    listed = pilot.app.screen
    assert isinstance(listed, ImageSetsScreen)
    if begin:
        await until(pilot, lambda: listed.focused is listed.view)
        patients = [row.patient_id for row in map(listed.rows.at, range(len(listed.rows))) if row is not None]
        await press(pilot, *["down"] * patients.index(begin))
    await press(pilot, "P")
    await see(pilot, "Frames  ")
    screen = pilot.app.screen
    assert isinstance(screen, FramesScreen)
    return screen


async def test_the_picture_is_the_frame_s_own(store: str, imaging: HealthImaging) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await frames(pilot, "patientid:three")
        await see(
            pilot, "instance 1 of 3", "128 × 128  16 bits signed  MONOCHROME2  HTJ2K lossless", BLOCK * 3
        )
        document = imaging.document(screen.image_set)
        first = next(frames_of(document))
        data, kind = imaging.frame(screen.image_set, first.id)
        expected = picture_of(data, kind, first.attributes, modality="CT").shown()
        drawn = screen.view.drawn
        assert drawn is not None
        height, width = drawn.shape
        assert (width, height) == (90, 90)  # 45 lines of half blocks: as many as there are, and square
        assert np.array_equal(drawn, scaled(expected, width, height))
        clean(app)


async def test_keys_go_through_frames_and_instances(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await frames(pilot, "patientid:three")
        await see(pilot, "instance 1 of 3", BLOCK)
        await press(pilot, "right")
        await see(pilot, "instance 2 of 3", "2 of 3")
        await press(pilot, "j", "j")
        await see(pilot, "instance 3 of 3")
        await press(pilot, "home")
        await see(pilot, "instance 1 of 3")
        await press(pilot, "3", "enter")
        await see(pilot, "instance 3 of 3")
        await press(pilot, "7", "enter")
        await see(pilot, "There is no such instance")
        assert "instance 3 of 3" in screen_text(app)


async def test_what_goes_elsewhere_may_be_typed_before_the_frames_are_listed(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await see(pilot, "Image sets  5")
        await press(pilot, "slash", "=patientid:three", "enter")
        for key in ("P", "right", "j", "h"):
            app.post_message(events.Key(key, key if len(key) == 1 else None))
        await see(pilot, "instance 2 of 3", BLOCK)


async def test_neighbours_are_read_ahead_and_a_frame_is_read_once(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await frames(pilot, "patientid:three")
        await see(pilot, "instance 1 of 3", BLOCK)
        reader = screen._reader
        assert reader is not None
        assert screen.stack is not None
        ids = [frame.id for frame in screen.stack.frames]
        await until(pilot, lambda: all(reader.picture(screen.image_set, each) is not None for each in ids))
        for _ in range(3):
            await press(pilot, "right", "right", "left", "left")
        assert reader.read == 3


async def test_what_nobody_waits_for_any_more_is_not_read(demo_folder: Path) -> None:
    app = Workbench(f"local:{demo_folder}")
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await frames(pilot, "patientid:204", 18)
        await see(pilot, "frame 1 of 30", BLOCK)
        reader, stack = screen._reader, screen.stack
        assert reader is not None
        assert stack is not None
        wanted = [Wanted(stack.image_set, frame) for frame in stack.frames]
        before = reader.read
        reader.want(wanted[5:25])
        reader.want(wanted[29:])
        await until(pilot, lambda: reader.picture(stack.image_set, stack.frames[29].id) is not None)
        assert (
            reader.read - before <= 1 + 2 * THREADS
        )  # what the threads had begun, and what was asked for last


async def test_windows_are_chosen_and_changed(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await frames(pilot, "patientid:three")
        await see(pilot, "soft tissue 40/400")
        before = screen.view.drawn
        await press(pilot, "w")
        await see(pilot, "lung -600/1500")
        assert not same(before, screen.view.drawn)
        await press(pilot, "right_square_bracket")
        await see(pilot, "own -675/1500")
        await press(pilot, "left_curly_bracket", "right")
        await see(pilot, "instance 2 of 3", "own -675/1304")  # the same for the series
        await press(pilot, "W")
        await see(pilot, "soft tissue 40/400")
        drawn = screen.view.drawn
        await press(pilot, "i")
        assert drawn is not None
        assert screen.view.drawn is not None
        assert np.abs(drawn.astype(int) + screen.view.drawn - 255).max() <= 1
        await press(pilot, "i", "s")
        await see(pilot, "contrast stretched")
        assert screen.view.drawn.std() > drawn.std()


async def test_a_window_that_is_edited_meanwhile_is_the_one_that_is_seen(
    store: str, imaging: HealthImaging
) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await frames(pilot, "patientid:three")
        await see(pilot, "soft tissue 40/400", BLOCK)
        ((series, sop, _), *_) = imaging.document(screen.image_set).instances()
        wanted = {"WindowCenter": ["100"], "WindowWidth": ["50"]}
        tree = {
            "Study": {"Series": {series: {"Instances": {sop: {"DICOM": wanted}}}}},
            "SchemaVersion": "1.1",
        }
        imaging.update(screen.image_set, "1", updatable=json.dumps(tree).encode(), force=True)
        imaging.wait(screen.image_set)
        await press(pilot, "r")
        await see(pilot, "file's own 100/50")


async def test_corners_are_magnified_in_turn_and_escape_shows_the_whole(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await frames(pilot, "patientid:three")
        await see(pilot, BLOCK)
        whole = screen.view.drawn
        await press(pilot, "z")
        await see(pilot, "magnified: upper left")
        await press(pilot, "z", "z")
        await see(pilot, "magnified: upper right")
        await press(pilot, "Z", "Z", "Z")
        await gone(pilot, "magnified:")
        assert same(whole, screen.view.drawn)
        await press(pilot, "plus", "L", "escape")
        assert same(whole, screen.view.drawn)
        assert app.screen is screen
        await press(pilot, "escape")
        await see(pilot, "Image sets")


async def test_the_picture_fits_whatever_the_size_and_either_theme(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await frames(pilot, "patientid:three")
        await see(pilot, BLOCK)
        for width, height in ((80, 24), (120, 30), (60, 15)):
            await pilot.resize_terminal(width, height)
            await until(pilot, lambda: screen.view.size.width <= screen.app.size.width)
            await until(pilot, lambda: screen.view.drawn is not None and _fits(screen))
            clean(app)
        await press(pilot, "ctrl+t", "x")
        await see(pilot, "✗ Excluded")


def _fits(screen: FramesScreen) -> bool:
    drawn = screen.view.drawn
    assert drawn is not None
    return bool(
        drawn.shape[0] <= 2 * screen.view.size.height and max(drawn.shape) >= 2 * screen.view.size.height - 2
    )


async def test_a_review_goes_from_risk_to_risk_and_is_kept_with_who_and_when(demo_folder: Path) -> None:
    app = Workbench(f"local:{demo_folder}")
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        # Which of the two stands first is chance: one import made them, perhaps in the same millisecond.
        screen = await frames(pilot, "modality:US", 18, begin="204")
        await see(pilot, "▲ Pixels at risk", "modality US without BurnedInAnnotation NO", "Not decided.")
        first = screen.image_set
        await see(pilot, "looked at 1 of its 30 frames")
        await press(pilot, "c")
        await see(
            pilot,
            "is cleared: pixels may be published",
            "29 of the frames were not looked at",
            "✓ Cleared by",
        )
        await press(pilot, "n")
        await until(pilot, lambda: screen.image_set != first)
        await see(pilot, "Not decided.")
        await press(pilot, "x")
        await see(pilot, "is excluded: never published", "✗ Excluded by")
        await press(pilot, "e")
        await at(pilot, "value")
        await press(pilot, "=a [/b] name in the corner", "enter")
        await see(pilot, "a [/b] name in the corner", "✗ Excluded by")
        clean(app)
        await press(pilot, "n")
        await see(pilot, "Nothing at risk is left to decide in these 2 image sets.")
        assert sorted(word for _, word in said()) == ["clear", "exclude"]
        assert all(each.by and each.when and each.pixels for each in told_of_pixels(Project.open()))
        await press(pilot, "u")
        await see(pilot, "the decision is taken back", "Not decided.")
        assert [word for _, word in said()] == ["clear"]
        await press(pilot, "u")
        await see(pilot, "Undecide: nothing is decided here")


async def test_of_decisions_in_quick_succession_the_last_one_holds(demo_folder: Path) -> None:
    app = Workbench(f"local:{demo_folder}")
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await frames(pilot, "modality:US", 18)
        await see(pilot, "Not decided.", BLOCK)
        first = screen.image_set
        for key in "cxcxcxn":
            app.post_message(events.Key(key, key))
        # The first one is decided by the time that the next one is looked for.
        await until(pilot, lambda: screen.image_set != first)
        assert [word for _, word in said()] == ["exclude"]
        await see(pilot, "Not decided.")


async def test_the_plan_follows_what_was_decided(demo_folder: Path) -> None:
    app = Workbench(f"local:{demo_folder}")
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await frames(pilot, "modality:US", 18)
        await press(pilot, "c", "n")
        await see(pilot, "Not decided.")
        await press(pilot, "x")
        await see(pilot, "✗ Excluded by")
        await press(pilot, "escape")
        await see(pilot, "2 of 18")
        await press(pilot, "ctrl+a", "D")
        await see(pilot, "2 marked image sets", "research")
        await at(pilot, "profiles")
        await press(pilot, "enter")
        await see(
            pilot, "a reviewer excluded it from publishing", "1 instance at risk goes along", "cleared by"
        )


async def test_a_whole_series_is_excluded_only_when_confirmed(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await frames(pilot, "patientid:three")
        await see(pilot, BLOCK)
        await press(pilot, "X")
        await see(pilot, "Exclude the whole series?", "3 instances with frames")
        await press(pilot, "enter")  # Cancel has the focus
        await gone(pilot, "Exclude the whole series?")
        assert said() == []
        await press(pilot, "X")
        await see(pilot, "Exclude the whole series?")
        await press(pilot, "tab", "enter")
        await see(pilot, "3 instances are excluded")
        assert said() == [("1", "exclude"), ("2", "exclude"), ("3", "exclude")]


async def test_nothing_is_cleared_that_was_not_shown(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await frames(pilot, "patientid:three")
        await see(pilot, "instance 1 of 3", BLOCK)
        assert app.session is not None
        assert screen.stack is not None
        broken = replace(screen.stack.frames[2], facts={"ID": "0" * 32})  # the service has no such frame
        screen.stack.frames = [*screen.stack.frames[:2], broken]
        await press(pilot, "end")
        await gone(pilot, BLOCK)
        await press(pilot, "c")
        await see(pilot, "Clear: its frame is not shown: nobody looked at it")
        assert said() == []
        await press(pilot, "x")
        await see(pilot, "is excluded: never published")


async def test_a_film_plays_and_stops(demo_folder: Path) -> None:
    app = Workbench(f"local:{demo_folder}")
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        screen = await frames(pilot, "patientid:204", 18)
        await see(pilot, "frame 1 of 30", BLOCK)
        await press(pilot, "space")
        await until(pilot, lambda: screen.place >= 3)
        assert "▶" in screen_text(app)
        await press(pilot, "space")
        await gone(pilot, "▶")
        place = screen.place
        await pilot.pause(0.3)
        assert screen.place == place


async def test_an_image_set_without_frames_says_so_and_the_review_goes_on(demo_folder: Path) -> None:
    app = Workbench(f"local:{demo_folder}")
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await frames(pilot, "modality:RTPLAN", 18)
        await see(pilot, "This image set has no frames.")
        await press(pilot, "c")
        await see(pilot, "Clear: there is no frame to look at")
        screen.image_sets = tuple(row.id for row in app.session.catalogue.rows()) if app.session else ()
        await press(pilot, "n")
        await see(pilot, "▲ Pixels at risk", BLOCK)


async def test_the_mouse_goes_through_frames_and_changes_the_window(store: str) -> None:
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await frames(pilot, "patientid:three")
        await see(pilot, "soft tissue 40/400", BLOCK)
        await pilot._post_mouse_events([events.MouseScrollDown], "#frame")
        await see(pilot, "instance 2 of 3")
        await pilot.mouse_down("#frame", offset=(20, 10))
        await pilot.hover("#frame", offset=(20, 15))
        await pilot.mouse_up("#frame", offset=(20, 15))
        await see(pilot, "own 80/400")
        await pilot.click("#scrubber", offset=(195, 0))
        await see(pilot, "instance 3 of 3")
        assert screen.place == 2


async def test_text_in_a_header_is_found_by_the_review_and_shown_as_text(store: str, tmp_path: Path) -> None:
    """A comment in a JPEG kept as received travels with every copy; it may try to steer the terminal."""
    bucket = tmp_path / "bucket"
    (bucket / "in").mkdir(parents=True)
    (bucket / "in" / "one.dcm").write_bytes(jpeg("1.2.77", b"Doe [/b] [31mred of 1970"))
    opened = open_store(store, buckets={"bucket": bucket})
    role = "arn:aws:iam::123456789012:role/tests"
    opened.imaging.wait_for_import(
        opened.imaging.start_import("jpeg", "s3://bucket/in/", "s3://bucket/out/", role)
    )
    opened.close()
    app = Workbench(store)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await frames(pilot, "modality:RTPLAN", 6)
        await see(pilot, "This image set has no frames.")
        assert app.session is not None
        rows = sorted(app.session.catalogue.rows(), key=lambda row: row.created_at)
        others = [row.id for row in rows if row.id != screen.image_set]  # the JPEG last
        screen.image_sets = (screen.image_set, *others)
        await press(pilot, "n")
        await see(pilot, "a derived secondary image")
        await press(pilot, "c")
        await see(pilot, "✓ Cleared by")
        await press(pilot, "n")
        await see(pilot, "No sign of risk", "▲ Text in the frame's header", "COM: Doe [/b] [31mred of 1970")
        assert "Not decided. A publication leaves it out" in " ".join(screen_text(app).split())
        clean(app)
        await press(pilot, "x", "n")
        await see(pilot, "Nothing at risk is left to decide in these 6 image sets.")
        assert ("77", "exclude") in said()


def test_pictures_are_drawn_in_half_blocks_of_their_own_colours() -> None:
    from curator.tui.half_blocks import strips_of

    image = np.array(
        [[[255, 0, 0], [255, 0, 0]], [[0, 0, 255], [0, 255, 0]], [[1, 2, 3], [1, 2, 3]]], np.uint8
    )
    upper, lower = strips_of(image)
    told = [
        (segment.text, segment.style.color.name, segment.style.bgcolor.name)
        for segment in upper
        if segment.style and segment.style.color and segment.style.bgcolor
    ]
    assert told == [("▀", "#ff0000", "#0000ff"), ("▀", "#ff0000", "#00ff00")]
    assert [segment.text for segment in lower] == ["▀▀"]
