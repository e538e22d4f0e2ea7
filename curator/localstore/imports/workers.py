"""The files of a job, read here or on both cores.

What decodes compressed pixels is other people's C: in a process of its own it may crash or hang on a broken file
without taking the store with it. So a job with compressed frames, or with much to read, goes to worker processes;
a small one of uncompressed files is done before a process would have started.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, cast

from curator.errors import StoreError
from curator.localstore.dicomfile.refusal import ImportException
from curator.localstore.framefiles import FrameFiles
from curator.localstore.imports.packing import PackedInstance, pack
from curator.localstore.imports.reading import FileFailure, read_file

__all__ = ["READY", "FileReading", "read_packed", "receive", "send"]

Outcome = PackedInstance | FileFailure
_MANY_BYTES: Final = 64 * 2**20
_MANY_FILES: Final = 500
_COMPRESSED: Final = (b"1.2.840.10008.1.2.4.", b"1.2.840.10008.1.2.5")
_SECONDS: Final = 60.0
_SECONDS_A_MEGABYTE: Final = 2.0
_SIZE: Final = struct.Struct("<Q")
READY: Final = "ready"


class FileReading:
    """The reading of a job's files: iterate once to get what each became, in the files' order."""

    def __init__(self, files: Sequence[tuple[str, Path]], frames: FrameFiles) -> None:
        self._files = files
        self._frames = frames
        self._workers: list[_Worker] = []
        if _wants_workers(files):
            count = min(os.cpu_count() or 1, len(files), 8)
            self._workers = [_Worker(frames) for _ in range(count)]

    def stop(self) -> None:
        """End it soon, from any thread: what is not read yet comes out as failed."""
        for worker in self._workers:
            worker.stop()

    def __iter__(self) -> Iterator[Outcome]:
        if not self._workers:
            for key, path in self._files:
                yield read_packed(path, key, self._frames)
            return
        idle: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        for worker in self._workers:
            idle.put(worker)

        def read(file: tuple[str, Path]) -> Outcome:
            worker = idle.get()
            try:
                return worker.read(*file)
            finally:
                idle.put(worker)

        pool = ThreadPoolExecutor(len(self._workers), thread_name_prefix="curator-reading")
        try:
            yield from pool.map(read, self._files)
        finally:
            self.stop()
            pool.shutdown(wait=True, cancel_futures=True)


def read_packed(path: Path, key: str, frames: FrameFiles) -> Outcome:
    """Read one file and keep its frames, in this process."""
    outcome = read_file(path, key, frames.put)
    return outcome if isinstance(outcome, FileFailure) else pack(outcome)


def _wants_workers(files: Sequence[tuple[str, Path]]) -> bool:
    if not sys.executable or not files:
        return False
    if len(files) >= _MANY_FILES:
        return True
    total = 0
    for _, path in files:
        with contextlib.suppress(OSError), path.open("rb") as file:
            total += os.fstat(file.fileno()).st_size
            head = file.read(1024)
            if any(uid in head for uid in _COMPRESSED):
                return True
    return total >= _MANY_BYTES


class _Worker:
    """One worker process, started when first needed and again after it has died."""

    def __init__(self, frames: FrameFiles) -> None:
        self._frames = frames
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False
        self._lock = threading.Lock()

    def read(self, key: str, path: Path) -> Outcome:
        """Return what the file became; a file on which the process dies or hangs has failed."""
        process = self._running()
        if process is None:
            if self._stopped:
                return FileFailure(key, ImportException.SERVER, "the import was stopped")
            # No process can be had here: without its protection, then.
            return read_packed(path, key, self._frames)
        late = threading.Event()
        limit = _SECONDS + _SECONDS_A_MEGABYTE * _megabytes(path)

        def end() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(limit, end)
        timer.start()
        try:
            return _ask(process, key, path)
        except (OSError, EOFError, struct.error):
            process.kill()
            reason = f"did not end within {limit:.0f} s" if late.is_set() else "crashed"
            return FileFailure(key, ImportException.VALIDATION, f"decoding the pixel data {reason}")
        finally:
            timer.cancel()

    def stop(self) -> None:
        """End the process, in the middle of a file if need be."""
        with self._lock:
            self._stopped = True
            if self._process is not None:
                self._process.kill()
                self._process.communicate()
                self._process = None

    def _running(self) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._stopped:
                return None
            if self._process is None or self._process.poll() is not None:
                if self._process is not None:
                    self._process.communicate()
                self._process = _started(self._frames.folder.parent)
            return self._process


def _started(store: Path) -> subprocess.Popen[bytes] | None:
    """Return a process that has said it is ready; None where this interpreter cannot start one."""
    place = str(Path(__file__).parents[3])  # where the package curator lies
    paths = os.pathsep.join(part for part in (place, os.environ.get("PYTHONPATH", "")) if part)
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "curator.localstore.imports.worker", str(store)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # the decoders' complaints may quote what they read
            env={**os.environ, "PYTHONPATH": paths},
        )
    except OSError:
        return None
    try:
        if process.stdout is not None and receive(process.stdout.fileno()) == READY:
            return process
    except (OSError, EOFError, struct.error):
        pass
    process.kill()
    process.communicate()
    return None


def _ask(process: subprocess.Popen[bytes], key: str, path: Path) -> Outcome:
    if process.stdin is None or process.stdout is None:
        raise EOFError
    send(process.stdin.fileno(), (key, str(path)))
    answer = receive(process.stdout.fileno())
    if isinstance(answer, StoreError):
        raise answer
    return cast("Outcome", answer)


def send(descriptor: int, message: object) -> None:
    """Write a message whole."""
    body = pickle.dumps(message)
    rest = memoryview(_SIZE.pack(len(body)) + body)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def receive(descriptor: int) -> object:
    """Read one message; EOFError when the other side is gone. Both sides are this program."""
    (size,) = _SIZE.unpack(_exactly(descriptor, _SIZE.size))
    return pickle.loads(_exactly(descriptor, size))


def _exactly(descriptor: int, size: int) -> bytes:
    parts = []
    while size:
        part = os.read(descriptor, min(size, 2**20))
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _megabytes(path: Path) -> float:
    try:
        return path.stat().st_size / 2**20
    except OSError:
        return 0.0
