"""Rule files as the workbench shows them, in `Work` threads only: what they are for, what is wrong, what they would do."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from curator.plan.grouping import Groups
from curator.printable import plural
from curator.rulefile import Problem, RuleFile
from curator.ruleshelf.own import Shelved

if TYPE_CHECKING:
    from curator.campaign.journal import Campaign
    from curator.campaign.planfile import PlanFile
    from curator.campaign.publishing import Published
    from curator.rulefile import CaseResult
    from curator.tui.rows import Cell
    from curator.tui.session import Session
    from curator.tui.work import Ticket

Pairs = list[tuple[str, "Cell"]]


@dataclass(frozen=True, slots=True)
class Book:
    """One rule file of the shelf with what was found in it; ``profile`` is empty where it is none."""

    shelved: Shelved
    file: RuleFile | None
    problems: tuple[Problem, ...]
    profile: str = ""
    page: str = ""

    @property
    def cases(self) -> int:
        """Return how many cases the file has: of its rules, and of its profile."""
        from curator.deid.profilefile import section_of

        if self.file is None:
            return 0
        section = section_of(self.file)
        return sum(len(rule.cases) for rule in self.file.rules) + (len(section.cases) if section else 0)


def books(session: Session, ticket: Ticket) -> list[Book]:
    """Return the project's own and the bundled files, read and checked: own ones first, single options of PS3.15 last."""
    from curator.ruleshelf.own import shelf

    found = []
    for number, shelved in enumerate(all_of := shelf(session.project)):
        ticket.report(number, len(all_of))
        found.append(book_of(shelved))
    return sorted(
        found,
        key=lambda book: (
            not book.shelved.own,
            bool(book.profile),
            book.shelved.name.startswith("basic-"),
            book.shelved.name,
        ),
    )


def book_of(shelved: Shelved, text: str | None = None) -> Book:
    """Return a file of the shelf as it is on disk, or as ``text`` would make it."""
    from curator.ruleshelf import foreign_bytes, lint
    from curator.ruleshelf.pages import file_page, profile_of, rule_page

    if text is None:
        try:
            data = shelved.path.read_bytes()
        except OSError as error:
            found = f"a file that cannot be read: {error.strerror}"
            return Book(shelved, None, (Problem(1, "", found, "text in UTF-8"),))
        if (foreign := foreign_bytes(data)) is not None:
            return Book(shelved, None, (foreign,))
        text = data.decode("utf-8-sig")
    file, problems = lint(text, shelved.path)
    if file is None:
        return Book(shelved, None, problems)
    pages = [file_page(shelved.path, file), *(rule_page(shelved.path, rule, text) for rule in file.rules)]
    return Book(shelved, file, problems, profile_of(file), "\n\n\n".join(pages))


def case_results(book: Book) -> tuple[list[CaseResult], list[str]]:
    """Run a file's cases; return how each came out, and the rules that have none."""
    from curator.deid.ruled import run_cases

    assert book.file is not None
    return list(run_cases(book.file)), [rule.id for rule in book.file.rules if not rule.cases]


@dataclass(frozen=True, slots=True)
class DryRun:
    """What rules would change: a whole plan that nobody has taken yet. The file holds PHI and goes with `forget`."""

    name: str
    plan: PlanFile
    groups: Groups = field(repr=False)
    told: Pairs = field(repr=False)
    published: Published | None = field(default=None, repr=False)
    skipped: tuple[str, ...] = ()
    """For each image set that was not looked at, why."""

    @property
    def unseen(self) -> str:
        """Return how many image sets were not looked at and why, in words; "" where all were."""
        return "; ".join(
            f"{plural(count, 'image set')} not looked at: {why}"
            for why, count in Counter(self.skipped).most_common()
        )

    def forget(self) -> None:
        """Delete the plan."""
        self.plan.path.unlink(missing_ok=True)


def dry_run(session: Session, spec: str, book: Book, ids: Sequence[str], ticket: Ticket) -> DryRun:
    """Plan what a file would change in ``ids`` (or in all image sets), and keep the plan aside."""
    path = session.project.folder("plans") / f"dry-run-{secrets.token_hex(6)}.jsonl"
    try:
        if book.profile:
            return _of_profile(session, spec, book, ids, path, ticket)
        return _of_rules(session, spec, book, ids, path, ticket)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _of_rules(
    session: Session, spec: str, book: Book, ids: Sequence[str], path: Path, ticket: Ticket
) -> DryRun:
    from curator.campaign.planfile import write_plan
    from curator.campaign.planning import Planning, chosen_rows, header, plan_rules
    from curator.tui.publishing import costs

    assert book.file is not None
    if session.embedded:
        session.read_documents(ticket)
    rows = chosen_rows(session.catalogue, "", ids)
    planning = Planning(progress=ticket.report, keyed=session.project.keyed)
    first = header(
        title=book.file.name,
        store=spec,
        datastore=session.imaging.datastore_id,
        project=str(session.project.root),
        rules=(f"{book.file.name} ({book.file.source})",),
        options={},
    )
    units = plan_rules(session.catalogue, (book.file,), rows, planning)
    made = write_plan(path, first, units, lambda: planning.skipped)
    told = costs(made)
    told += [("Found", (f"{count:,} × {code}", "warn")) for code, count in sorted(planning.findings.items())]
    for image_set, reason in planning.skipped:
        told += [("Skipped", image_set), ("", (reason, "warn"))]
    skipped = tuple(reason for _, reason in planning.skipped)
    return DryRun(book.file.name, made, Groups.of(made.units()), told, skipped=skipped)


def _of_profile(
    session: Session, spec: str, book: Book, ids: Sequence[str], path: Path, ticket: Ticket
) -> DryRun:
    from curator.campaign.publications import Request
    from curator.tui.publishing import write_publication

    request = Request(book.shelved.spec, tuple(ids))
    made, published, told = write_publication(session, spec, request, path, ticket)
    return DryRun(book.shelved.name, made, Groups.of(made.units()), told, published)


def take(session: Session, dry: DryRun) -> Campaign:
    """Make the dry run a campaign: the very plan that was seen. Who becomes whom is recorded first."""
    from curator.campaign.deidentifying import into_crosswalk
    from curator.campaign.journal import Campaign

    if dry.published is not None:
        into_crosswalk(session.project, dry.plan.digest, dry.published)
    campaign = Campaign.begin(session.project, dry.plan.path)
    dry.forget()
    return campaign
