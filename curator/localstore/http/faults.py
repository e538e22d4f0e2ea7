"""Faults on purpose: what networks and services do to calls, by rates, so that programs can be tested against it.

A faults file is YAML (JSON is YAML, too):

    seed: 7                                     # the same seed and calls, the same faults; default 0
    operations:
      "*":                                      # every operation
        throttled: 0.05                         # 429 ThrottlingException; not carried out
        delay: {rate: 0.2, seconds: 0.5}        # carried out and answered, late
      UpdateImageSetMetadata:                   # adds to "*", and wins over it
        error: 0.02                             # 500 InternalServerException; not carried out
        lost: 0.02                              # carried out, then the connection breaks: no answer

A call meets at most one fault of `Kind`, and may be late besides. Which one is decided by the seed, the operation and
the how-many-th call of that operation it is, and by nothing else: other traffic does not change it.
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import threading
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import msgspec

from curator.errors import UsageError
from curator.localstore.model import service_model
from curator.localstore.wire import HANDLERS

if TYPE_CHECKING:
    from starlette.types import Scope

LARGEST_FILE: Final = 2**20
EVERY: Final = "*"
MARK: Final = "x-curator-fault"
"""The header that tells an answer that was made up from one that the store meant."""

DICOMWEB: Final = {
    "": "GetDICOMInstance",
    "metadata": "GetDICOMInstanceMetadata",
    "frames": "GetDICOMInstanceFrames",
}


class Kind(StrEnum):
    """What goes wrong with a call."""

    THROTTLED = "throttled"  # 429 ThrottlingException, not carried out
    ERROR = "error"  # 500 InternalServerException, not carried out
    UNAVAILABLE = "unavailable"  # 503 without an AWS body, as a load balancer answers; not carried out
    RESET = "reset"  # the connection is reset; not carried out
    LOST = "lost"  # carried out, then the connection is reset
    LOST_ERROR = "lost_error"  # carried out, then answered 500


CARRIED_OUT: Final = frozenset({Kind.LOST, Kind.LOST_ERROR})


class _Delay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rate: float
    seconds: float


class _Rates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    throttled: float | None = None
    error: float | None = None
    unavailable: float | None = None
    reset: float | None = None
    lost: float | None = None
    lost_error: float | None = None
    delay: _Delay | None = None


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    operations: dict[str, _Rates]
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one call: a fault or none, after ``delay`` seconds."""

    kind: Kind | None = None
    delay: float = 0.0


class Faults:
    """Decides the fate of calls. Threads may share it; ``met`` counts the faults by operation and kind."""

    def __init__(self, file: _File) -> None:
        self._seed = file.seed
        self._everywhere = file.operations.get(EVERY, _Rates())
        self._rates = file.operations
        self._calls: Counter[str] = Counter()
        self._lock = threading.Lock()
        self.met: Counter[tuple[str, str]] = Counter()

    def fate(self, method: str, path: str) -> Fate:
        """Return what becomes of the next call of the operation that this request names."""
        operation = operation_of(method, path)
        with self._lock:
            self._calls[operation] += 1
            number = self._calls[operation]
        chance = random.Random(f"{self._seed}/{operation}/{number}")
        own = self._rates.get(operation, _Rates())
        drawn = chance.random()
        kind = None
        for each in Kind:
            drawn -= _rate(own, self._everywhere, each)
            if drawn < 0:
                kind = each
                break
        late = own.delay or self._everywhere.delay
        delay = late.seconds if late is not None and chance.random() < late.rate else 0.0
        with self._lock:
            if kind is not None:
                self.met[operation, kind.value] += 1
            if delay:
                self.met[operation, "delay"] += 1
        return Fate(kind, delay)

    def __str__(self) -> str:
        """Return what was met, for people."""
        told = [f"{count:,} {operation} {kind}" for (operation, kind), count in sorted(self.met.items())]
        return f"faults made: {', '.join(told) or 'none'}"


def _rate(own: _Rates, everywhere: _Rates, kind: Kind) -> float:
    found: float | None = getattr(own, kind)
    if found is None:
        found = getattr(everywhere, kind)
    return found or 0.0


def operation_of(method: str, path: str) -> str:
    """Return the operation that a request names; ``unknown`` for none."""
    found = service_model().route(method, path)
    if found is not None:
        return found[0].name
    words = path.strip("/").split(
        "/"
    )  # datastore/ID/studies/UID/series/UID/instances/UID[/metadata|/frames/N]
    if method == "GET" and len(words) >= 8 and words[2] == "studies":
        return DICOMWEB.get(words[8] if len(words) > 8 else "", "unknown")
    return "unknown"


def load(path: Path) -> Faults:
    """Read a faults file; `UsageError` says what in it is wrong."""
    import yaml

    try:
        if path.stat().st_size > LARGEST_FILE:
            raise UsageError(f"{path} is larger than a faults file can be.")
        tree = yaml.safe_load(path.read_bytes())
        file = msgspec.convert(tree, _File)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError):
        raise UsageError(f"{path} is not YAML.", hint="`curator serve --help` shows a faults file") from None
    except msgspec.ValidationError as error:
        raise UsageError(
            f"{path}: {error}", hint=f"an operation takes {', '.join(Kind)} and delay: {{rate, seconds}}"
        ) from None
    _check(path, file)
    return Faults(file)


def _check(path: Path, file: _File) -> None:
    known = {EVERY, *HANDLERS, *DICOMWEB.values()}
    everywhere = file.operations.get(EVERY, _Rates())
    for name, rates in file.operations.items():
        if name not in known:
            raise UsageError(
                f"{path}: {name!r} is no operation of the service.", hint=f"one of {', '.join(sorted(known))}"
            )
        shares = [_rate(rates, everywhere, kind) for kind in Kind]
        if rates.delay is not None:
            shares_of_delay = (rates.delay.rate, rates.delay.seconds)
            if not 0 <= rates.delay.rate <= 1 or not 0 <= rates.delay.seconds <= 3600:
                raise UsageError(
                    f"{path}: {name}: delay is {shares_of_delay}; a rate of 0 to 1 and at most 3600 seconds."
                )
        if any(not 0 <= share <= 1 for share in shares) or sum(shares) > 1 + 1e-9:
            raise UsageError(
                f"{path}: {name}: rates are shares of the calls: each 0 to 1, and 1 at most together with those of *."
            )


class Wires:
    """The open connections by the peer's address, so that a fault can cut one."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, int], asyncio.Transport] = {}

    def protocol(self) -> type[asyncio.Protocol]:
        """Return uvicorn's own protocol, which also enters its connections here."""
        from uvicorn.protocols.http.auto import AutoHTTPProtocol

        wires = self

        class Known(AutoHTTPProtocol):  # type: ignore[misc,valid-type]
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                self.peer = tuple((transport.get_extra_info("peername") or ("", 0))[:2])
                wires._open[self.peer] = cast("asyncio.Transport", transport)
                super().connection_made(transport)

            def connection_lost(self, exc: Exception | None) -> None:
                wires._open.pop(self.peer, None)
                super().connection_lost(exc)

        return Known

    def cut(self, scope: Scope) -> None:
        """Reset the connection of a request: the peer gets RST, and no byte of an answer."""
        transport = self._open.get(tuple(scope.get("client") or ("", 0)))
        if transport is None:
            return
        wire: socket.socket | None = transport.get_extra_info("socket")
        if wire is not None:
            # Closing with a linger of zero seconds sends RST instead of FIN.
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
