"""One widget alone in a real terminal, measuring itself: ``python -m tests.tui.latency KIND RESULT COUNT``.

KIND is ``rows`` (our row view), ``peer`` (textual-fastdatatable) or ``empty`` (a `ScrollView` of blank lines: what any
widget costs at least). RESULT gets JSON: seconds from having the rows to their first picture, and from each key
press to the picture that answers it.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import RenderableType
from textual import events
from textual.app import App
from textual.geometry import Size
from textual.screen import Screen
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from curator.catalogue.rows import Row
from curator.tui.image_set_columns import BY_KEY
from curator.tui.image_set_rows import ImageSetRows
from curator.tui.widgets.row_view import RowView

COLUMNS = (
    "patient_id", "patient_name", "modality", "study_date", "study_description", "instances", "version", "id",
)  # fmt: skip


def rows_of(count: int) -> list[Row]:
    """Return rows as a catalogue would."""
    empty = dict.fromkeys(Row.__struct_fields__, "")
    numbers = dict.fromkeys(("frames", "size", "conflicts", "created_at", "updated_at"), 0)
    flags = dict.fromkeys(("read", "deidentified", "deleted"), False)
    return [
        Row(
            **{  # type: ignore[arg-type]
                **empty,
                **numbers,
                **flags,
                "id": f"{number:032x}",
                "version": 1 + number % 3,
                "patient_id": f"MRN{number:07d}",
                "patient_name": f"Family{number % 997}^Given{number % 89}",
                "modality": ("CT", "MR", "US", "CR")[number % 4],
                "study_date": f"20{number % 24:02d}0{1 + number % 9}1{number % 9}",
                "study_description": f"HEAD AND NECK {number % 31}",
                "instances": number % 700,
                "primary": None,
            }
        )
        for number in range(count)
    ]


class Empty(ScrollView, can_focus=True):
    """As many blank lines as the others have rows; a key scrolls by a screen."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.virtual_size = Size(80, count)

    def render_line(self, y: int) -> Strip:
        return Strip.blank(self.size.width)

    def on_key(self, event: events.Key) -> None:
        if event.key == "pagedown":
            event.stop()
            self.scroll_to(y=self.scroll_offset.y + self.size.height, animate=False)


def widget_of(kind: str, rows: list[Row]) -> Widget:
    """Make the widget from rows in memory: what it costs to have it is part of the measure."""
    if kind == "empty":
        return Empty(len(rows))
    if kind == "rows":
        model = ImageSetRows()
        model.replace(rows)
        return RowView([BY_KEY[key] for key in COLUMNS], model, markable=True)
    fast = importlib.import_module("textual_fastdatatable")
    columns = {key: [getattr(row, key) for row in rows] for key in COLUMNS}
    table: Widget = fast.DataTable(backend=fast.ArrowBackend.from_pydict(columns), cursor_type="row")
    return table


class Measured(App[None]):
    CSS = "Widget { height: 1fr; }"

    def __init__(self, kind: str, rows: list[Row], result: Path) -> None:
        super().__init__()
        self.kind, self.rows, self.result = kind, rows, result
        self.begun = 0.0
        self.pressed = 0.0
        self.opened = 0.0
        self.keys: list[float] = []

    def on_mount(self) -> None:
        self.set_timer(0.3, self.begin)

    async def begin(self) -> None:
        begun = time.perf_counter()
        widget = widget_of(self.kind, self.rows)
        self.begun = begun
        await self.mount(widget)
        widget.focus()

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Key) and event.key == "pagedown":
            self.pressed = time.perf_counter()
        elif isinstance(event, events.Key) and event.key == "q":
            self.result.write_text(json.dumps({"opened": self.opened, "keys": self.keys}))
            self.exit()
        await super().on_event(event)

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        super()._display(screen, renderable)
        if renderable is None:
            return
        now = time.perf_counter()
        if self.begun and not self.opened:
            self.opened = now - self.begun
            self.title = "opened"
            self.result.with_suffix(".ready").touch()
        elif self.pressed:
            self.keys.append(now - self.pressed)
            self.pressed = 0.0


if __name__ == "__main__":
    Measured(sys.argv[1], rows_of(int(sys.argv[3])), Path(sys.argv[2])).run()
