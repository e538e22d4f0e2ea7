"""The row view: whatever the number of rows, it shows what is in sight, and its keys do what help says."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from textual.app import App, ComposeResult

from curator.tui.rows import Cell, Column, NoRows, fit
from curator.tui.widgets.row_view import RowView
from tests.tui.seen import screen_text, until

COLUMNS = (Column("name", "Name", 8, grow=1), Column("number", "Number", 8, right=True))


class Numbers:
    """``count`` rows that remember which of them were asked for."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.asked: set[int] = set()

    def __len__(self) -> int:
        return self.count

    def key(self, index: int) -> str:
        return f"k{index}"

    def cells(self, index: int, columns: Sequence[Column]) -> Sequence[Cell]:
        self.asked.add(index)
        return (f"row {index}", (str(index), "dim"))


class OneView(App[None]):
    CSS = "RowView { height: 1fr; }"

    def __init__(self, view: RowView) -> None:
        super().__init__()
        self.view = view
        self.told: list[str] = []

    def compose(self) -> ComposeResult:
        yield self.view

    def on_row_view_opened(self, event: RowView.Opened) -> None:
        self.told.append(f"opened {event.index}")

    def on_row_view_header_pressed(self, event: RowView.HeaderPressed) -> None:
        self.told.append(f"header {event.column}")


def app_of(count: int) -> tuple[OneView, RowView, Numbers]:
    numbers = Numbers(count)
    view = RowView(COLUMNS, numbers, markable=True)
    return OneView(view), view, numbers


async def test_only_rows_in_sight_are_asked_for() -> None:
    app, _view, numbers = app_of(1_000_000)
    async with app.run_test(size=(40, 12)) as pilot:
        await pilot.press("G")
        await pilot.pause()
        assert "row 999999" in screen_text(app)
    assert len(numbers.asked) <= 2 * 12


@pytest.mark.parametrize(
    ("keys", "cursor"),
    [
        (["j", "j", "down"], 3),
        (["down", "k", "up", "up"], 0),
        (["G"], 99),
        (["end", "g"], 0),
        (["pagedown"], 11),
        (["pagedown", "pageup"], 0),
        (["ctrl+d"], 5),
        (["ctrl+d", "ctrl+u"], 0),
    ],
)
async def test_keys_move_the_cursor(keys: list[str], cursor: int) -> None:
    app, view, _ = app_of(100)
    async with app.run_test(size=(40, 12)) as pilot:
        await pilot.press(*keys)
        assert view.cursor == cursor
        assert f"row {cursor}" in screen_text(app)


async def test_space_marks_and_a_range_is_marked_from_the_last_mark() -> None:
    app, view, _ = app_of(100)
    async with app.run_test(size=(40, 12)) as pilot:
        await pilot.press("space", "j", "j", "V")
        assert view.marks == {"k0", "k1", "k2", "k3"}
        await pilot.press("g", "space")
        assert view.marks == {"k1", "k2", "k3"}
        await pilot.press("ctrl+a")
        assert len(view.marks) == 100
        assert screen_text(app).count("●") == 11
        await pilot.press("ctrl+a")
        assert view.marks == set()


async def test_the_mouse_selects_opens_marks_and_sorts() -> None:
    app, view, _ = app_of(100)
    async with app.run_test(size=(40, 12)) as pilot:
        await pilot.click(RowView, offset=(5, 4))
        assert view.cursor == 3
        await pilot.click(RowView, offset=(5, 6), control=True)
        assert view.marks == {"k5"}
        await pilot.click(RowView, offset=(5, 7), times=2)
        await pilot.click(RowView, offset=(36, 0))
        assert app.told == ["opened 6", "header number"]


async def test_other_rows_keep_the_cursor_in_range() -> None:
    app, view, _ = app_of(100)
    async with app.run_test(size=(40, 12)) as pilot:
        await pilot.press("G")
        view.show(Numbers(3))
        await pilot.pause()
        assert view.cursor == 2
        view.show(NoRows())
        await pilot.pause()
        assert (view.cursor, view.current) == (-1, "")
        await pilot.press("j", "k", "G", "enter", "space")
        view.show(Numbers(3))
        await pilot.pause()
        assert view.current == "k0"


async def test_resizing_keeps_the_cursor_in_sight() -> None:
    app, _, _ = app_of(1000)
    async with app.run_test(size=(40, 40)) as pilot:
        await pilot.press(*["j"] * 30)
        await pilot.resize_terminal(30, 8)
        await pilot.pause()
        assert "row 30" in screen_text(app)


class Dangerous(Numbers):
    def cells(self, index: int, columns: Sequence[Column]) -> Sequence[Cell]:
        return ["a [/b] z [red]\x1b[31m", "日本語日本語"]


async def test_markup_and_escapes_are_text_and_wide_characters_keep_the_columns() -> None:
    view = RowView((Column("a", "A", 24), Column("b", "B", 8)), Dangerous(1))
    app = OneView(view)
    async with app.run_test(size=(40, 5)):
        line = screen_text(app).splitlines()[1]
        assert "a [/b] z [red]␛[31m" in line
        assert "日本語 …" in line


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("abc", 5, "abc  "),
        ("abcdef", 5, "abcd…"),
        ("日本語", 5, "日本…"),
        ("日本語", 4, "日 …"),
        ("ab", 1, "a"),
        ("", 2, "  "),
    ],
)
def test_fit_is_exactly_as_wide_as_asked(text: str, width: int, shown: str) -> None:
    assert fit(text, width) == shown


async def test_the_next_screen_is_drawn_while_nobody_waits() -> None:
    app, view, numbers = app_of(1000)
    async with app.run_test(size=(40, 12)) as pilot:
        await pilot.press("pagedown")
        await until(pilot, lambda: 22 in numbers.asked)
        numbers.asked.clear()
        await pilot.press("pagedown")
        await pilot.pause()
        assert view.cursor == 22
        assert "row 22" in screen_text(app)
        assert numbers.asked <= {11, 22} | set(range(23, 34)), "those with a cursor, and the screen after it"


async def test_a_border_and_padding_are_drawn() -> None:
    view = RowView(COLUMNS, Numbers(5))
    view.styles.border = ("round", "red")
    view.styles.padding = (0, 1)
    app = OneView(view)
    async with app.run_test(size=(40, 12)):
        lines = screen_text(app).splitlines()
        assert lines[0].startswith("╭")
        assert "│  row 0" in lines[2]


async def test_without_colour_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app, view, _ = app_of(5)
    async with app.run_test(size=(40, 12)):
        styles = [style for line in view.render_lines(view.size.region) for _, style, _ in line if style]
        assert styles
        for style in styles:
            for colour in (style.color, style.bgcolor):
                assert colour is None or colour.triplet is None or len(set(colour.triplet)) == 1
