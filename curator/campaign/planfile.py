"""A plan on disk: written once, read as a stream, applied only as it was reviewed."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from curator.errors import StoreError, UsageError
from curator.plan.cost import Cost
from curator.plan.lines import (
    Ending,
    Header,
    Outlined,
    check_digest,
    read_header,
    read_outline,
    read_skipped,
    read_units,
    write_lines,
)
from curator.plan.units import Unit


def write_plan(
    path: Path,
    header: Header,
    units: Iterable[Unit],
    skipped: Callable[[], Iterable[tuple[str, str]]] = tuple,
) -> PlanFile:
    """Write a plan (0600) as its units come, in one step at the end: ``path`` never holds half a plan.

    ``skipped`` is asked at the end: the image sets that are left alone, each with the reason.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(write_lines(header, units, skipped))
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise StoreError(f"The plan {path} cannot be written: {error.strerror}.") from error
    finally:
        temporary.unlink(missing_ok=True)
    return PlanFile.open(path)


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A plan whose digest holds. Its units are read anew each time they are asked for."""

    path: Path
    header: Header
    ending: Ending

    @classmethod
    def open(cls, path: Path) -> PlanFile:
        """Return the plan at ``path``; `UsageError` for what is none, `Refused` when it was changed since."""
        try:
            with path.open("rb") as file:
                header = read_header(file.readline())
                file.seek(0)
                return cls(path, header, check_digest(file))
        except OSError as error:
            raise UsageError(f"The plan {path} cannot be read: {error.strerror}.") from error

    @property
    def digest(self) -> str:
        """SHA-256 of the plan's content: the campaign's id."""
        return self.ending.sha256

    @property
    def cost(self) -> Cost:
        """What was counted when the plan was made."""
        return self.ending.cost

    def units(self) -> Iterator[Unit]:
        """Yield the units, one in memory at a time."""
        with self.path.open("rb") as file:
            file.readline()
            yield from read_units(file)

    def outline(self) -> Iterator[Outlined]:
        """Yield the units without their patches and steps, and where each begins (`unit_at`)."""
        with self.path.open("rb") as file:
            yield from read_outline(file, len(file.readline()))

    def unit_at(self, offset: int) -> Unit:
        """Return the unit that begins at this byte, whole."""
        with self.path.open("rb") as file:
            file.seek(offset)
            return next(read_units(file))

    def skipped(self) -> Iterator[tuple[str, str]]:
        """Yield (image set, why) of the image sets that the plan leaves alone."""
        with self.path.open("rb") as file:
            yield from read_skipped(file)
