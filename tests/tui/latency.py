"""One widget alone in a real terminal, measuring itself: ``python -m tests.tui.latency KIND RESULT CATALOGUE``.

KIND is ``rows`` (our list), ``peer`` (textual-fastdatatable), ``empty`` (a `ScrollView` of as many blank lines: what any
widget costs at least) or ``workbench``: the whole screen, with facets and preview beside the list. CATALOGUE is the folder
of a filled catalogue (`fill`), for the workbench HOME with a store whose catalogue is filled (`fill_home`). RESULT gets JSON: seconds from nothing read
to the first picture (``opened``) and to the one with all rows (``whole``), and for each key press to the picture that
answers it by the clock (``keys``) and of the processor's time (``busy``). The garbage collector is as in the workbench.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
import time
from collections.abc import Sequence
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

from curator.catalogue import Catalogue, Summary
from curator.catalogue.following import set_mark
from curator.catalogue.rows import Row
from curator.project import Project
from curator.stores import open_store
from curator.tui.collector import rest, settle
from curator.tui.image_set_columns import BY_KEY
from curator.tui.image_set_rows import ImageSetRows
from curator.tui.session import FIRST_ROWS
from curator.tui.widgets.row_view import RowView

DATASTORE = "d" * 32
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


def fill(folder: Path, count: int, *, datastore: str = DATASTORE, mark: str = "") -> None:
    """Fill a catalogue with rows as if their documents had been read, and as if it knew all up to ``mark``."""
    with Catalogue.open(folder, datastore) as catalogue:
        shelf = catalogue.shelf
        rows = rows_of(count)
        names = Summary.__struct_fields__
        with shelf.transaction():
            shelf.note((Summary(**{name: getattr(row, name) for name in names}) for row in rows), 1)
            shelf.many(
                "UPDATE image_set SET read_version=version, instances=?, study_description=? WHERE id=?",
                [(row.instances, row.study_description, row.id) for row in rows],
            )
            set_mark(shelf, mark)


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


def peer_of(rows: Sequence[Row]) -> Widget:
    """Make the peer's table of rows."""
    fast = importlib.import_module("textual_fastdatatable")
    columns = {key: [getattr(row, key) for row in rows] for key in COLUMNS}
    table: Widget = fast.DataTable(backend=fast.ArrowBackend.from_pydict(columns), cursor_type="row")
    return table


class Timing:
    """What an application notes of itself: when it began, when there was something, when there was everything, and keys."""

    def __init__(self, result: Path) -> None:
        self.result = result
        self.begun = self.pressed = self.pressed_busy = 0.0
        self.opened = self.whole = 0.0
        self.keys: list[float] = []
        self.busy: list[float] = []

    def key(self, event: events.Event) -> bool:
        """Note a key before it is handled; tell whether it is the one that ends the program."""
        if isinstance(event, events.Key) and not event.is_forwarded and event.key == "pagedown":
            self.pressed, self.pressed_busy = time.perf_counter(), time.process_time()
        elif isinstance(event, events.Key) and event.key == "q":
            told = {"opened": self.opened, "whole": self.whole, "keys": self.keys, "busy": self.busy}
            self.result.write_text(json.dumps(told))
            return True
        return False

    def painted(self, *, something: bool, everything: bool) -> None:
        """Note a picture."""
        now = time.perf_counter()
        if self.begun and something and not self.opened:
            self.opened = now - self.begun
        if self.begun and everything and not self.whole:
            self.whole = now - self.begun
            settle()
            self.result.with_suffix(".ready").touch()
        elif self.pressed:
            self.keys.append(now - self.pressed)
            self.busy.append(time.process_time() - self.pressed_busy)
            self.pressed = 0.0


class Measured(App[None]):
    CSS = "Widget { height: 1fr; }"

    def __init__(self, kind: str, catalogue: Catalogue, result: Path) -> None:
        super().__init__()
        self.kind, self.catalogue, self.timing = kind, catalogue, Timing(result)
        self.model = ImageSetRows()
        self.complete = False

    def on_mount(self) -> None:
        self.set_timer(0.3, self.begin)

    async def begin(self) -> None:
        begun = time.perf_counter()
        if self.kind == "rows":
            self.model.add(self.catalogue.rows(limit=FIRST_ROWS))
            widget: Widget = RowView([BY_KEY[key] for key in COLUMNS], self.model, markable=True)
        else:
            rows = self.catalogue.rows()
            widget = peer_of(rows) if self.kind == "peer" else Empty(len(rows))
            self.complete = True
        self.timing.begun = begun
        await self.mount(widget)
        widget.focus()
        if self.kind == "rows":
            self.run_worker(self.read_all(widget), exclusive=True)

    async def read_all(self, widget: Widget) -> None:
        rows = await asyncio.to_thread(self.catalogue.rows)
        self.model.replace(rows)
        assert isinstance(widget, RowView)
        widget.show()
        self.complete = True

    async def on_event(self, event: events.Event) -> None:
        if self.timing.key(event):
            self.exit()
        await super().on_event(event)

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        super()._display(screen, renderable)
        if renderable is not None:
            self.timing.painted(something=True, everything=self.complete)


def fill_home(home: Path, count: int) -> str:
    """Make a store below ``home`` and fill the catalogue of a project there; return the store's ``--store`` form."""
    spec = f"local:{home / 'store'}"
    opened = open_store(spec)
    try:
        datastore = opened.imaging.datastore_id
        assert opened.local is not None
        mark = opened.local.changed_since(datastore, "")[0]
    finally:
        opened.close()
    project = Project.open(home / "project")
    fill(project.catalogues, count, datastore=datastore, mark=mark)
    return spec


def measured_workbench(home: Path, result: Path) -> App[None]:
    """Return the workbench on the store of `fill_home`, measuring itself from its start."""
    from curator import tui
    from curator.tui.app import Workbench
    from curator.tui.screens.image_sets import ImageSetsScreen

    class MeasuredWorkbench(Workbench):
        CSS_PATH = str(Path(tui.__file__).with_name("app.tcss"))

        def on_load(self) -> None:
            super().on_load()
            timing.begun = time.perf_counter()

        async def on_event(self, event: events.Event) -> None:
            timing.key(event)
            await super().on_event(event)

        def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
            super()._display(screen, renderable)
            if renderable is not None and isinstance(self.screen, ImageSetsScreen):
                total = self.screen.rows.total
                timing.painted(something=total > 0, everything=total > FIRST_ROWS)

    timing = Timing(result)
    return MeasuredWorkbench(f"local:{home / 'store'}", project=home / "project")


if __name__ == "__main__":
    kind, result, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    rest()
    if kind == "workbench":
        measured_workbench(folder, result).run()
    else:
        Measured(kind, Catalogue.open(folder, DATASTORE), result).run()
