"""Frames read ahead of the eye: what is looked at first, its neighbours next, what nobody waits for not at all."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from textual.message import Message
from textual.message_pump import MessagePump

from curator.errors import CuratorError

if TYPE_CHECKING:
    from curator.healthimaging import HealthImaging
    from curator.pictures import Frame, Picture

KEPT_BYTES: Final = 192 * 1024 * 1024
THREADS: Final = 2
"""One may wait for a frame that nobody wants any more while the other reads the one that is looked at."""


@dataclass
class FrameCame(Message):
    """A frame was read, or it was found why it cannot be shown."""

    request: int
    image_set: str
    frame_id: str
    picture: Picture | None = field(repr=False)
    why: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A frame to read: of which image set, and the modality its series tells."""

    image_set: str
    frame: Frame
    modality: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What a picture is kept by: copies share their frames' ids, but may say otherwise how they are seen."""
        return self.image_set, self.frame.id


class FrameReader:
    """Reads and decodes frames in threads of its own; pictures are kept up to `KEPT_BYTES`."""

    def __init__(self, imaging: HealthImaging, asker: MessagePump) -> None:
        self._imaging = imaging
        self._asker = asker
        self._kept: OrderedDict[tuple[str, str], Picture] = OrderedDict()
        self._wanted: list[Wanted] = []
        self._busy: set[tuple[str, str]] = set()
        self._changed = threading.Condition()
        self._closed = False
        self.request = 0
        self.read = 0  # how many frames were asked of the store
        for number in range(THREADS):
            threading.Thread(target=self._run, daemon=True, name=f"frames {number}").start()

    def picture(self, image_set: str, frame_id: str) -> Picture | None:
        """Return a picture that is kept."""
        with self._changed:
            found = self._kept.get((image_set, frame_id))
            if found is not None:
                self._kept.move_to_end((image_set, frame_id))
            return found

    def want(self, wanted: Sequence[Wanted]) -> int:
        """Read these, in this order, and forget what was wanted before; return the request's number."""
        with self._changed:
            self.request += 1
            self._wanted = list(wanted)
            self._changed.notify_all()
            return self.request

    def close(self) -> None:
        """Let the threads end."""
        with self._changed:
            self._closed = True
            self._wanted = []
            self._changed.notify_all()

    def _run(self) -> None:
        while (one := self._next()) is not None:
            picture, why = self._read(one)
            with self._changed:
                self._busy.discard(one.key)
                if picture is not None:
                    self._keep(one.key, picture)
                request, closed = self.request, self._closed
            if not closed:
                self._asker.post_message(FrameCame(request, one.image_set, one.frame.id, picture, why))

    def _next(self) -> Wanted | None:
        with self._changed:
            while not self._closed:
                while self._wanted:
                    one = self._wanted.pop(0)
                    if one.key not in self._kept and one.key not in self._busy:
                        self._busy.add(one.key)
                        return one
                self._changed.wait()
            return None

    def _read(self, one: Wanted) -> tuple[Picture | None, str]:
        from curator.pictures import NoPicture, picture_of

        try:
            self.read += 1
            data, kind = self._imaging.frame(one.image_set, one.frame.id)
            picture = picture_of(
                data, kind, one.frame.attributes, index=one.frame.index, modality=one.modality
            )
        except NoPicture as reason:
            return None, f"No picture: {reason}."
        except CuratorError as error:
            return None, error.message
        except Exception as error:
            # Its text may quote an element's value, so only the kind is told.
            return None, f"No picture: unexpected {type(error).__name__}."
        return picture, ""

    def _keep(self, key: tuple[str, str], picture: Picture) -> None:
        self._kept[key] = picture
        weight = sum(each.weight for each in self._kept.values())
        while weight > KEPT_BYTES and len(self._kept) > 1:
            _, gone = self._kept.popitem(last=False)
            weight -= gone.weight
