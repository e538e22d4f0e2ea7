"""The application: one store, one registry of actions, one pile of screens."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.console import RenderableType
from textual import events
from textual.binding import BindingType
from textual.command import CommandPalette
from textual.screen import Screen

from curator.errors import CuratorError
from curator.printable import plural
from curator.tui.actions import bindings
from curator.tui.bench import Bench
from curator.tui.collector import settle
from curator.tui.config import THEMES, Config
from curator.tui.keystrokes import PATIENCE, KeyFollowed, Keystrokes
from curator.tui.messages import StoreMoved, StoreOpened, Written
from curator.tui.palette import ActionProvider
from curator.tui.screens.confirm import ConfirmScreen
from curator.tui.screens.help import HelpScreen
from curator.tui.screens.image_sets import ImageSetsScreen
from curator.tui.screens.place import Place
from curator.tui.screens.stores import StoresScreen
from curator.tui.session import Session
from curator.tui.themes import DARK, LIGHT
from curator.tui.widgets.log_pane import LogPane
from curator.tui.work import Failed, Ticket

if TYPE_CHECKING:
    from curator.imageset import ElementPath

_SIGNALS = (signal.SIGTERM, signal.SIGHUP)
_STARTED = 5.0  # seconds after which whatever is there is what was started with
_PATIENCE = 3.0  # seconds to leave in order after a signal
_TURN = 0.125  # seconds between two pictures of the spinner
_LOOK = 2.0  # seconds between two looks at what other programs did in an embedded store


class Workbench(Bench):
    """curator's terminal interface on one data store."""

    CSS_PATH = "app.tcss"
    TITLE = "curator"
    ENABLE_COMMAND_PALETTE = False  # ours opens it, by the action table's keys
    COMMANDS: ClassVar = {ActionProvider}
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("app"))

    def __init__(
        self,
        store_spec: str,
        *,
        project: str | Path | None = None,
        read_only: bool = False,
        where: str = "",
        config: Config | None = None,
    ) -> None:
        super().__init__(store_spec, project=project, read_only=read_only, config=config)
        self.where = where
        self.failure: CuratorError | None = None
        self._started_read_only = read_only
        self._opening = 0
        self._looking = False
        self._keystrokes = Keystrokes()

    def on_load(self) -> None:
        """Set up what must stand before the first screen is drawn."""
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = self.config.theme if self.config.theme in self.available_themes else THEMES[0]
        self.set_keymap(dict(self.config.keys))

    def on_mount(self) -> None:
        """Show the list at once; the store is opened by a thread."""
        self.push_screen(ImageSetsScreen(self.where))
        self.set_interval(_TURN, self._turn)
        self.set_interval(_LOOK, self._look)
        self.set_timer(_STARTED, settle)
        self.call_after_refresh(self.open_store)
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            try:
                loop.add_signal_handler(number, self._ended_by, number)
            except (RuntimeError, ValueError, NotImplementedError):
                # Only the main thread of a POSIX system hears signals; a test may run elsewhere.
                break

    def _ended_by(self, number: signal.Signals) -> None:
        """Leave in order, so that the terminal is as it was; the exit code says which signal it was.

        Where the terminal is gone, Textual may wait for ever to write to it: then without it. Nothing is lost so,
        for what was done stands in the ledger and the store.
        """
        last = threading.Timer(_PATIENCE, os._exit, (128 + number,))
        last.daemon = True
        last.start()
        self.work.cancel()
        self.exit(return_code=128 + number)

    def _fatal_error(self) -> None:
        """Say where our own mistake is. Textual would print local variables, and they hold patients' data."""
        error = self._exception
        where = traceback.extract_tb(error.__traceback__)[-8:] if error is not None else []
        self.failure = CuratorError(
            f"the terminal interface failed: {type(error).__name__}",
            hint=" < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(where)),
        )
        self._close_messages_no_wait()

    # --- the store

    def open_store(self) -> None:
        """Open the store in a thread; the screens hear of it by `StoreOpened`."""
        spec, project, read_only = self.store_spec, self.project, self.read_only

        def open_it(ticket: Ticket) -> StoreOpened:
            return StoreOpened(ticket.request, Session.open(spec, project=project, read_only=read_only))

        self._opening = self.work.begin("open the data store", self, open_it)

    def on_store_opened(self, message: StoreOpened) -> None:
        """Give the store to the screens."""
        if message.request != self._opening:
            message.session.close()
            return
        self._remember()
        self.close_store()
        self.session = message.session
        for screen in self.screen_stack:
            if isinstance(screen, Place):
                screen.store_opened()
                screen.tell()
        self._note_opened(message.session)

    def _note_opened(self, session: Session) -> None:
        """Put the store among those opened lately; the list does not wait for it."""

        def note(ticket: Ticket) -> None:
            with contextlib.suppress(Exception):  # closed meanwhile: then another store is noted
                session.note_opened()

        self.work.begin("note the store", self, note, quiet=True)

    def switch(self, spec: str, *, project: str | Path | None, read_only: bool = False) -> None:
        """Go to another data store or project: everything that showed the old one is left.

        What was started with ``--read-only`` stays so.
        """
        self.work.cancel()
        if self.pending:
            self.say(
                f"{plural(self.pending, 'pending edit is', 'pending edits are')} forgotten: they were of the other store."
            )
            self.edits.clear()
        self.imported = None
        while len(self.screen_stack) > 2:
            self.pop_screen()
        self._remember()
        self.close_store()
        self.store_spec, self.project = spec, project
        self.read_only = self._started_read_only or read_only
        self.switch_screen(ImageSetsScreen())
        self.open_store()

    def _look(self) -> None:
        """Ask, in a thread, whether other programs changed an embedded store; while nothing else is done with it."""
        session = self.session
        if session is None or not session.embedded or self._looking or self.work.running:
            return
        if time.monotonic() < session.rest_until:
            return
        self._looking = True

        def look(ticket: Ticket) -> StoreMoved | None:
            try:
                return StoreMoved(ticket.request) if session.behind() else None
            except Exception:
                return None  # closed meanwhile, or out of reach: what the user asks for next will tell
            finally:
                self._looking = False

        self.work.begin("look for changes", self, look, quiet=True)

    def on_store_moved(self) -> None:
        """Let the screens read anew what they show of the store."""
        for screen in self.screen_stack:
            if isinstance(screen, Place):
                screen.store_moved()

    def exit(self, result: None = None, return_code: int = 0, message: RenderableType | None = None) -> None:
        """Leave; the next session begins where this one ends."""
        self._remember()
        super().exit(result, return_code, message)

    def _remember(self) -> None:
        if self.session is not None and self.config.restore:
            for screen in self.screen_stack:
                if isinstance(screen, ImageSetsScreen) and screen.here:
                    self.session.leave_as(screen.memory())

    def close_store(self) -> None:
        """Close the store, if one is open."""
        if self.session is not None:
            self.session.close()
            self.session = None

    def on_failed(self, message: Failed) -> None:
        """The store could not be opened: the list says so and how to go on."""
        for screen in self.screen_stack:
            if isinstance(screen, ImageSetsScreen):
                screen.store_failed(message.error)

    def wrote(self, message: Written) -> None:
        """Let every screen below the one that wrote know of it."""
        for screen in self.screen_stack[:-1]:
            if isinstance(screen, Place):
                screen.written(message)

    def on_work_changed(self) -> None:
        """Bring the bars up to date."""
        self._tell()

    def _turn(self) -> None:
        if self.work.running:
            self._tell()

    def _tell(self) -> None:
        if self.screen_stack and isinstance(self.screen, Place):
            self.screen.tell()

    # --- actions

    async def on_event(self, event: events.Event) -> None:
        """Let keys reach what they were typed for; see `Keystrokes`."""
        if not isinstance(event, events.Key) or not self.screen_stack:
            await super().on_event(event)
        elif not event.is_forwarded:
            await self._key_typed(event)
        elif self._keystrokes.passed_by(event, self.focused):
            event.stop()
        else:
            await super().on_event(event)
            if self._keystrokes.came_back(event, self.screen):
                await self._go_on()

    async def _key_typed(self, key: events.Key) -> None:
        if self._keystrokes.waits(key):
            if self._keystrokes.waiting == 1:
                self.set_timer(PATIENCE, self._go_on_without)
            return
        target = self.focused or self.screen
        await super().on_event(key)
        if key.is_forwarded:
            self._keystrokes.sent(key, target)

    async def on_key_followed(self, message: KeyFollowed) -> None:
        """A key has been dealt with: go on with what was typed since."""
        if self.screen_stack and self._keystrokes.arrived(message, self.screen):
            await self._go_on()

    async def _go_on_without(self) -> None:
        if self._keystrokes.lost():
            await self._go_on()
        if self._keystrokes.waiting:
            self.set_timer(PATIENCE, self._go_on_without)

    async def _go_on(self) -> None:
        while self.screen_stack and (key := self._keystrokes.next) is not None:
            await self._key_typed(key)

    def action_do(self, action_id: str) -> None:
        """Do an action of ``app``: bound here, so that it works on every screen."""
        screen = self.screen
        if isinstance(screen, Place):
            screen.perform(action_id)

    def show_metadata(
        self, image_set: str, version: str | None = None, *, at: ElementPath | None = None
    ) -> None:
        """Read an image set's metadata."""
        from curator.tui.screens.metadata import MetadataScreen

        self.push_screen(MetadataScreen(image_set, version, at=at))

    def do_help(self) -> None:
        """Explain the screen."""
        if isinstance(self.screen, Place):
            self.push_screen(HelpScreen(self.screen))

    def do_palette(self) -> None:
        """Open the palette."""
        self.push_screen(CommandPalette(id="--command-palette", placeholder="What do you want to do?"))

    def do_log(self) -> None:
        """Show or hide the log."""
        self.log_shown = not self.log_shown
        self.screen.query_one(LogPane).display = self.log_shown

    def do_cancel(self) -> None:
        """Stop what runs."""
        self.work.cancel()

    def do_stores(self) -> None:
        """Go to another data store or project."""
        if not isinstance(self.screen, StoresScreen):
            self.push_screen(StoresScreen())

    def do_theme(self) -> None:
        """Change between dark and light."""
        self.theme = LIGHT.name if self.current_theme.dark else DARK.name

    def do_quit(self) -> None:
        """Leave, pending edits only if they are not wanted; writes that were accepted go on in the service."""

        def confirmed(wanted: bool | None) -> None:
            if wanted:
                self.work.cancel()
                self.exit()

        if not self.pending:
            confirmed(True)
            return
        text = f"{plural(self.pending, 'edit')} in {plural(len(self.edits.image_sets), 'image set')}: not written."
        self.push_screen(ConfirmScreen("Leave, and forget pending edits?", text, "Leave"), confirmed)

    def get_default_screen(self) -> Screen[object]:
        """Return the blank screen below ours."""
        return Screen(id="_default")
