"""A program in a pseudo-terminal: what it writes, what is typed, its size, and an end that waits for it."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import pty
import signal
import struct
import sys
import termios
from collections.abc import Sequence

PATIENCE = 5.0
"""Seconds that the program gets to leave in order after its terminal hung up."""

PART = 64 * 1024
"""Bytes read at once. While the browser is slow the kernel holds a few thousand more, then the program waits."""

LARGEST = 500
"""Columns, or rows, of the largest terminal."""


class Terminal:
    """One program in one pseudo-terminal. Made by `open`, ended by `close`."""

    def __init__(self, process: asyncio.subprocess.Process, master: int) -> None:
        self._process = process
        self._master = master

    @classmethod
    async def open(cls, command: Sequence[str], size: tuple[int, int]) -> Terminal:
        """Start ``command`` in a terminal of ``size`` (columns, rows)."""
        master, slave = pty.openpty()
        try:
            _resize(slave, size)
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "curator.web.child", *command),
                stdin=slave,
                stdout=slave,
                stderr=slave,
                start_new_session=True,
                env=_environment(),
            )
        except BaseException:
            os.close(master)
            raise
        finally:
            os.close(slave)
        os.set_blocking(master, False)
        return cls(process, master)

    async def read(self) -> bytes:
        """Wait for what the program writes; empty once it has ended."""
        loop = asyncio.get_running_loop()
        while True:
            ready = loop.create_future()
            loop.add_reader(self._master, _wake, ready)
            try:
                await ready
            finally:
                loop.remove_reader(self._master)
            try:
                return os.read(self._master, PART)
            except BlockingIOError:
                continue
            except OSError:  # EIO: nobody holds the other end any more
                return b""

    async def write(self, keys: bytes) -> None:
        """Give the program what was typed; a program that has ended hears nothing."""
        loop = asyncio.get_running_loop()
        while keys:
            try:
                keys = keys[os.write(self._master, keys) :]
            except BlockingIOError:
                ready = loop.create_future()
                loop.add_writer(self._master, _wake, ready)
                try:
                    await ready
                finally:
                    loop.remove_writer(self._master)
            except OSError:
                return

    def resize(self, size: tuple[int, int]) -> None:
        """Make the terminal another size (columns, rows); the kernel tells the program."""
        _resize(self._master, size)

    async def close(self) -> int:
        """Hang up, wait until the program has left, and return its exit code."""
        os.close(self._master)
        try:
            return await asyncio.wait_for(self._process.wait(), PATIENCE)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            return await self._process.wait()


def _wake(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


def _resize(terminal: int, size: tuple[int, int]) -> None:
    columns, rows = (max(1, min(number, LARGEST)) for number in size)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def _environment() -> dict[str, str]:
    """Return our environment without what describes the terminal that we were started in."""
    ours = ("COLUMNS", "LINES", "NO_COLOR", "TERM_PROGRAM", "TERM_PROGRAM_VERSION", "TMUX", "KITTY_WINDOW_ID")
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return {**kept, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
