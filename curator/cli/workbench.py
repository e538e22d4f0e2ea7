"""What every verb works at: the store and project that the global options name, opened when first asked for."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from curator.printable import printable

if TYPE_CHECKING:
    from pathlib import Path

    from curator.healthimaging import HealthImaging
    from curator.project import Project
    from curator.stores import OpenStore


class Workbench:
    """The global options of one run, and what they open. Verbs take it by ``@click.pass_obj``."""

    def __init__(self) -> None:
        self.store_spec: str | None = None
        self.project_folder: Path | None = None
        self.read_only = False
        self.quiet = False
        self._verbose = False
        self._buckets: dict[str, Path] = {}
        self._opened: OpenStore | None = None
        self._project: Project | None = None

    @property
    def verbose(self) -> bool:
        """Whether the work is logged on stderr."""
        return self._verbose

    @verbose.setter
    def verbose(self, wanted: bool) -> None:
        from curator.cli.logs import log_to_stderr

        self._verbose = wanted
        log_to_stderr()

    def spec(self) -> str:
        """Return the store asked for: ``--store``, else ``CURATOR_STORE``, else ``local``."""
        return self.store_spec or os.environ.get("CURATOR_STORE") or "local"

    def store(self) -> OpenStore:
        """Open the store, once."""
        if self._opened is None:
            from curator.stores import open_store

            self._opened = open_store(self.spec(), read_only=self.read_only, buckets=self._buckets)
        return self._opened

    def map_buckets(self, buckets: Mapping[str, Path]) -> None:
        """Open a local store, from now on, with these folders as buckets."""
        self.close()
        self._buckets.update(buckets)

    @property
    def imaging(self) -> HealthImaging:
        """The door to the opened data store."""
        return self.store().imaging

    def project(self) -> Project:
        """Open the project folder, once."""
        if self._project is None:
            from curator.project import Project

            self._project = Project.open(self.project_folder)
        return self._project

    def say(self, text: str) -> None:
        """Talk to the person on stderr, unless ``--quiet``."""
        if not self.quiet:
            click.echo(printable(text, lines=True), err=True)

    def open_tui(self) -> int:
        """Open the terminal interface on this store and project; returns its exit code."""
        import importlib

        # Looked up by name: the faces do not import each other.
        code: int = importlib.import_module("curator.tui").run(
            self.spec(), project=self.project_folder, read_only=self.read_only
        )
        return code

    def close(self) -> None:
        """Close what was opened."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None
