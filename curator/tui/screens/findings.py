"""What the checks found: the gravest first, each with its evidence, its reason, and what would mend it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.message import Message
from textual.widget import Widget

from curator.findings import Finding, Safety, Severity
from curator.tui.actions import Need, bindings
from curator.tui.rows import Cell, Column
from curator.tui.screens.conflicts import ConflictsScreen
from curator.tui.screens.difference import DifferenceScreen
from curator.tui.screens.found import FoundPlace
from curator.tui.walk import findings, plan_mending, plan_resolution
from curator.tui.widgets.detail import Detail
from curator.tui.widgets.filter_field import FilterField
from curator.tui.widgets.row_view import RowView
from curator.tui.word_rows import WordRows

COLUMNS = (
    Column("severity", "Severity", 8),
    Column("code", "Code", 6),
    Column("set", "Set", 11),
    Column("message", "Finding", 30, grow=4),
    Column("proposal", "To mend it", 12, grow=2),
)
_ROLES = {Severity.ERROR: "bad", Severity.WARNING: "warn", Severity.NOTE: "dim"}


@dataclass
class Checked(Message):
    """All findings, the gravest first."""

    request: int
    found: Sequence[Finding] = field(repr=False)


class FindingRows(WordRows[Finding]):
    """`Rows` over findings."""

    def haystack(self, finding: Finding, /) -> str:
        """Return all that is told of a finding but its evidence."""
        sets = " ".join(image_set for image_set, _ in finding.image_sets)
        return f"{finding.severity} {finding.code} {finding.message} {finding.proposal} {sets} {finding.path or ''}"

    def cells_of(self, finding: Finding, /) -> Sequence[Cell]:
        """Return the cells of a finding."""
        sets = [image_set for image_set, _ in finding.image_sets]
        more = f" +{len(sets) - 1}" if len(sets) > 1 else ""
        safe = any(change.safety is Safety.SAFE for _, change in finding.changes)
        return (
            (str(finding.severity), _ROLES[finding.severity]),
            (finding.code, "accent"),
            ((sets[0][:8] + more) if sets else "", "dim"),
            _short(finding),
            (finding.proposal or ("safe change" if safe else ""), "good" if safe else "dim"),
        )


class FindingsScreen(FoundPlace[Finding]):
    """The findings of some image sets, or of all."""

    PLACE = "findings"
    LIST = "#findings"
    TITLE_TEXT = "Findings"
    NOTHING = "Nothing is wrong with what was read."
    EXPLAINED = (
        "What the checks found wrong, from what the catalogue holds. Below stands why it is bad and what was "
        "seen. M plans the changes that need no decision, R plans merges and agreement; both show the plan first. "
        "c decides conflicts one by one."
    )
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("findings"))

    def __init__(self, ids: Sequence[str] = ()) -> None:
        super().__init__(FindingRows(), ids)

    def body(self) -> Iterable[Widget]:
        """Yield the filter, the findings, or the sentence that there are none, and the detail of one."""
        yield FilterField("words of findings, codes, severities")
        yield RowView(COLUMNS, self.rows, id="findings", markable=True)
        yield self.nothing()
        yield Detail(id="detail", lines=9)

    def do_refresh(self) -> None:
        """Run the checks."""
        session, ids = self.bench.session, self.ids
        if session is not None:
            self._request = self.bench.work.begin(
                "check", self, lambda ticket: Checked(ticket.request, findings(session, ids, ticket))
            )

    def on_checked(self, message: Checked) -> None:
        """Show what was found."""
        if message.request == self._request:
            self.show_found(FindingRows(message.found))
            self.tell()

    # --- what is shown

    def held(self) -> set[Need]:
        """Return what is at hand."""
        held = super().held()
        finding = self.current
        if finding is not None and finding.image_sets:
            held.add(Need.ROW)
            if len({image_set for image_set, _ in finding.image_sets}) > 1:
                held.add(Need.PAIR)
        if any(change.safety is Safety.SAFE for each in self._chosen() for _, change in each.changes):
            held.add(Need.MENDABLE)
        return held

    def _chosen(self) -> list[Finding]:
        """Return the marked findings, or all that are shown."""
        if not self.here:
            return []
        return self.rows.of(self.view.marks) or self.rows.shown

    @on(RowView.Moved, "#findings")
    @on(RowView.Marked, "#findings")
    def _moved(self) -> None:
        finding, detail = self.current, self.query_one("#detail", Detail)
        if finding is None:
            detail.tell("", "")
        else:
            lines = [finding.message]
            lines += [f"  {what}: {value}" for what, value in finding.evidence]
            lines += [f"→ {finding.proposal}"] if finding.proposal else []
            lines.append(_why(finding.code))
            detail.tell(str(finding.path or ""), "\n".join(lines), finding.code)
        self.tell()

    @on(RowView.Opened, "#findings")
    def _opened(self) -> None:
        self.perform("findings.metadata")

    # --- actions

    def do_metadata(self) -> None:
        """Read the metadata at the finding's place."""
        finding = self.current
        if finding is not None and finding.image_sets:
            self.bench.show_metadata(finding.image_sets[0][0], at=finding.path)

    def do_diff(self) -> None:
        """Compare the first two image sets."""
        finding = self.current
        if finding is not None:
            first, *others = finding.image_sets
            second = next(each for each in others if each[0] != first[0])
            self.app.push_screen(DifferenceScreen(first, second))

    def do_frames(self) -> None:
        """Look at the frames of the finding's image sets."""
        from curator.tui.screens.frames import FramesScreen

        finding = self.current
        sets = [image_set for image_set, _ in finding.image_sets] if finding is not None else []
        if sets:
            self.app.push_screen(FramesScreen(sets[0], list(dict.fromkeys(sets))))

    def do_mend(self) -> None:
        """Plan the safe changes."""
        chosen = self._chosen()
        self.plan("plan safe changes", lambda session, spec: plan_mending(session, spec, chosen))

    def do_resolve(self) -> None:
        """Plan merges and agreement."""
        ids = self.ids
        self.plan("plan what resolves conflicts", lambda session, spec: plan_resolution(session, spec, ids))

    def do_conflicts(self) -> None:
        """Decide conflicts."""
        self.app.push_screen(ConflictsScreen(self.ids))


def _short(finding: Finding) -> str:
    """Return the message with the end of its path only: rows that differ there look alike otherwise."""
    from curator.checks.check import place

    where = place(finding.path) if finding.path is not None else ""
    return (
        f"…/{where.rpartition('/')[2]}{finding.message.removeprefix(where)}"
        if ("/" in where and finding.message.startswith(where))
        else finding.message
    )


def _why(code: str) -> str:
    """Return why such a finding is bad, from the check's own prose."""
    from curator.checks import checks, sections

    check = next((each for each in checks() if each.code == code), None)
    return " ".join(sections(check).get("Why is this bad?", "").split()) if check is not None else ""
