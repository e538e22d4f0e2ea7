"""Value decisions of a project: what a profile would do with each value, and what people said of it instead."""

from __future__ import annotations

import getpass
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from curator.catalogue import Catalogue, Row
    from curator.catalogue.values import DistinctValue
    from curator.deid.decisions import Decision
    from curator.deid.ruled import Deidentification
    from curator.project import Project

Key = tuple[str, str, str]


def kept_decisions(project: Project) -> list[Decision]:
    """Return all that was decided in a project."""
    from curator.catalogue.values import read_decisions

    path = project.decisions
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8-sig") as sheet:
        return read_decisions(sheet, path.name)


def decide(project: Project, new: Sequence[Decision], *, withdrawn: Iterable[Key] = ()) -> tuple[int, int]:
    """Keep decisions, signed with the user and the day where they are not, and take others back.

    Returns how many changed or came, and how many the project holds now.
    """
    from curator.catalogue.values import merge_decisions, write_decisions
    from curator.project import one_at_a_time, write_private

    by, today = getpass.getuser(), datetime.now(UTC).date().isoformat()
    signed = [replace(each, by=each.by or by, when=each.when or today) for each in new]
    gone = set(withdrawn)
    with one_at_a_time(project.decisions):
        old = kept_decisions(project)
        stay = [each for each in old if each.key not in gone]
        merged, changed = merge_decisions(stay, signed)
        out = io.StringIO(newline="")
        write_decisions(merged, out)
        write_private(project.decisions, out.getvalue().encode())
    return changed + len(old) - len(stay), len(merged)


def foretell(
    catalogue: Catalogue,
    project: Project,
    rows: Iterable[Row],
    asked: Deidentification,
    found: Sequence[DistinctValue],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Note with each value what the profile would do with it, over all subjects, decisions included."""
    from curator.deid.decisions import Decisions
    from curator.deid.subject import identity, subject
    from curator.deid.undecided import in_words, would_do

    engine = asked.engine(project.keyed, decisions=Decisions(kept_decisions(project)))
    subjects: dict[str, list[tuple[str, int]]] = {}
    for row in rows:
        if row.read and (doc := catalogue.document(row.id, row.version)) is not None:
            subjects.setdefault(identity(doc)[0], []).append((row.id, row.version))
    would: dict[Key, set[str]] = {}
    for number, members in enumerate(subjects.values()):
        progress(number, len(subjects))
        documents = [doc for member in members if (doc := catalogue.document(*member)) is not None]
        about = subject(documents, asked.profile, project.keyed)
        for key, words in would_do(asked, engine, about, documents).items():
            would.setdefault(key, set()).update(words)
    for each in found:
        each.would = in_words(would.get(each.key, ()))
