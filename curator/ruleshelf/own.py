"""A project's own rule files: listed beside the bundled ones, made from a template or copied, and saved."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from curator.errors import Refused, StoreError, UsageError
from curator.project import Project, create_private, write_private
from curator.ruleshelf import SUFFIX, bundled, find, text_of

OWN: Final = "rules"
"""The folder of a project's own rule files."""
SESSIONS: Final = "sessions"
"""The folder of sessions saved as rule files: they quote values, and go with `curator purge`."""


@dataclass(frozen=True, slots=True)
class Shelved:
    """A rule file of the shelf: bundled (by its name), or the project's own (by its path)."""

    name: str
    path: Path
    own: bool = False

    @property
    def spec(self) -> str:
        """What `find` and every verb take for it."""
        return str(self.path) if self.own else self.name


def shelf(project: Project) -> list[Shelved]:
    """Return the project's own rule files, then the bundled ones, each by name."""
    own = [path for folder in (OWN, SESSIONS) for path in sorted((project.root / folder).glob(f"*{SUFFIX}"))]
    return [
        *(Shelved(path.stem, path, own=True) for path in own),
        *(Shelved(name, path) for name, path in bundled().items()),
    ]


TEMPLATE: Final = """\
version: 1
name: {name}
why: Say here what the rules are for; reviewers and reports read it.
# where: modality:CT          (only these image sets; see `curator list --where`)
rules:
  - id: {name}-1
    why: Say here why an element is changed.
    select: StudyDescription
    when: {{equals: {{text: ROUTINE, whole: true}}}}
    do: empty
    safety: review
    cases:
      - {{before: {{StudyDescription: ROUTINE}}, after: {{StudyDescription: ''}}}}
      - {{before: {{StudyDescription: CT Thorax}}}}
"""
"""A new rule file: it lints clean and its cases hold, so that every change from here on is told."""


def new_own(project: Project, name: str) -> Path:
    """Make a rule file of the project from the template and return it; `Refused` where the name is taken."""
    return keep_own(project, name, TEMPLATE.format(name=name))


def copy_to_own(project: Project, spec: str, name: str) -> Path:
    """Copy a rule file into the project under another name, with the CSV tables that it names, and return it.

    `Refused` where the name is taken, or a table of the project has the name of one but says something else.
    """
    own_path(project, name)  # a name that cannot be is told before anything is read
    source = find(spec)
    text = re.sub(r"(?m)^name:.*$", f"name: {name}", text_of(source), count=1)
    tables = [table for table in sorted(source.parent.glob("*.csv")) if table.name in text]
    folder = project.folder(OWN)
    for table in tables:
        there = folder / table.name
        if there.exists() and there.read_bytes() != table.read_bytes():
            raise Refused(
                f"The project has another table {table.name}.", hint="rename the one in the project first"
            )
    made = keep_own(project, name, text)
    for table in tables:
        if not (folder / table.name).exists():
            shutil.copyfile(table, folder / table.name)
            (folder / table.name).chmod(0o600)
    return made


def keep_own(project: Project, name: str, text: str, folder: str = OWN) -> Path:
    """Keep ``text`` as a new rule file of the project (0600: conditions may quote values); `Refused` if it is there."""
    path = own_path(project, name, folder)
    if not create_private(path, text.encode()):
        raise Refused(f"The project has a rule file {name} already.", hint="choose another name")
    return path


def save_own(path: Path, text: str) -> None:
    """Replace a rule file's text; `StoreError` where it cannot be written."""
    if not path.parent.is_dir():
        raise StoreError(f"The folder {path.parent} is not there any more.")
    write_private(path, text.encode())


def own_path(project: Project, name: str, folder: str = OWN) -> Path:
    """Return where a rule file of the project lies; UsageError for a name that rule files cannot have."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,63}", name):
        raise UsageError(
            f"{name!r} cannot be a rule file's name.",
            hint="lower-case letters, digits and hyphens, at most 64",
        )
    return project.folder(folder) / f"{name}{SUFFIX}"
