"""What the checks found: the gravest first, each with its evidence, its reason, and what would mend it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from curator.findings import Finding, Safety, Severity
from curator.printable import plural
from curator.tui.actions import Need, bindings
from curator.tui.messages import Planned, Written
from curator.tui.screens.campaign import CampaignScreen
from curator.tui.screens.conflicts import ConflictsScreen
from curator.tui.screens.difference import DifferenceScreen
from curator.tui.screens.filtered import FilteredPlace
from curator.tui.walk import findings, plan_mending, plan_resolution
from curator.tui.widgets.detail import Detail
from curator.tui.widgets.filter_field import FilterField
from curator.tui.widgets.row_view import Cell, Column, RowView

COLUMNS = (
    Column("severity", "Severity", 8),
    Column("code", "Code", 6),
    Column("set", "Set", 11),
    Column("message", "Finding", 30, grow=4),
    Column("proposal", "What would mend it", 12, grow=2),
)
_ROLES = {Severity.ERROR: "bad", Severity.WARNING: "warn", Severity.NOTE: "dim"}


@dataclass
class Checked(Message):
    """All findings, the gravest first."""

    request: int
    found: Sequence[Finding] = field(repr=False)


class FindingRows:
    """`Rows` over findings, as many as hold the words of the filter."""

    def __init__(self, found: Sequence[Finding] = ()) -> None:
        self._all = list(found)
        self._haystacks = [_haystack(finding) for finding in found]
        self.shown = list(range(len(self._all)))

    def __len__(self) -> int:
        return len(self.shown)

    @property
    def total(self) -> int:
        """Return how many there are, whatever the filter."""
        return len(self._all)

    def key(self, index: int) -> str:
        """Return the finding's number."""
        return str(self.shown[index])

    def at(self, index: int) -> Finding | None:
        """Return the finding shown at ``index``."""
        return self._all[self.shown[index]] if 0 <= index < len(self.shown) else None

    def of(self, keys: Iterable[str]) -> list[Finding]:
        """Return the findings of these keys, in their order."""
        return [self._all[number] for number in sorted(map(int, keys))]

    def filter(self, text: str) -> None:
        """Show those that hold every word."""
        words = text.casefold().split()
        self.shown = [
            number for number, hay in enumerate(self._haystacks) if all(word in hay for word in words)
        ]

    def cells(self, index: int, columns: Sequence[Column]) -> Sequence[Cell]:
        """Return the cells of a finding."""
        finding = self._all[self.shown[index]]
        sets = [image_set for image_set, _ in finding.image_sets]
        more = f" +{len(sets) - 1}" if len(sets) > 1 else ""
        safe = any(change.safety is Safety.SAFE for _, change in finding.changes)
        return (
            (str(finding.severity), _ROLES[finding.severity]),
            (finding.code, "accent"),
            ((sets[0][:8] + more) if sets else "", "dim"),
            finding.message,
            (finding.proposal or ("safe change" if safe else ""), "good" if safe else "dim"),
        )


def _haystack(finding: Finding) -> str:
    sets = " ".join(image_set for image_set, _ in finding.image_sets)
    return f"{finding.severity} {finding.code} {finding.message} {finding.proposal} {sets} {finding.path or ''}".casefold()


class FindingsScreen(FilteredPlace):
    """The findings of some image sets, or of all."""

    PLACE = "findings"
    LIST = "#findings"
    TITLE_TEXT = "Findings"
    EXPLAINED = (
        "What the checks found wrong, from what the catalogue holds. Below stands why it is bad and what was "
        "seen. M plans the changes that need no decision, R plans merges and agreement; both show the plan first. "
        "c decides conflicts one by one."
    )
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("findings"))

    def __init__(self, ids: Sequence[str] = ()) -> None:
        super().__init__()
        self.ids = tuple(ids)
        self.rows = FindingRows()
        self._request = 0
        self._plan_request = 0
        self._checked = False

    def body(self) -> Iterable[Widget]:
        """Yield the filter, the findings, or the sentence that there are none, and the detail of one."""
        yield FilterField("words of findings, codes, severities")
        yield RowView(COLUMNS, self.rows, id="findings", markable=True)
        yield Static("", id="nothing", markup=False)
        yield Detail(id="detail", lines=9)

    def on_mount(self) -> None:
        """Check at once."""
        self.query_one("#nothing").display = False
        self.do_refresh()

    def store_opened(self) -> None:
        """Check the store opened anew."""
        self.do_refresh()

    def do_refresh(self) -> None:
        """Run the checks."""
        session, ids = self.bench.session, self.ids
        if session is not None:
            self._request = self.bench.work.begin(
                "check", self, lambda ticket: Checked(ticket.request, findings(session, ids, ticket))
            )

    def on_checked(self, message: Checked) -> None:
        """Show what was found."""
        if message.request != self._request:
            return
        self._checked = True
        self.rows = FindingRows(message.found)
        self.rows.filter(self.filter_text)
        view, nothing = self.query_one("#findings", RowView), self.query_one("#nothing", Static)
        view.marks.clear()
        view.show(self.rows)
        view.display = bool(message.found)
        nothing.display = not message.found
        nothing.update("Nothing is wrong with what was read." if not message.found else "")
        self.tell()

    def written(self, message: Written) -> None:
        """Check again what was changed."""
        self.do_refresh()

    # --- what is shown

    def count_text(self) -> str:
        """Return how many, and how many are marked."""
        if not self._checked:
            return ""
        shown, total = len(self.rows), self.rows.total
        text = f"{shown:,} of {total:,}" if shown != total else f"{total:,}"
        marks = len(self.query_one("#findings", RowView).marks)
        text += f"  ● {marks:,} marked" if marks else ""
        return text + (f"  in {plural(len(self.ids), 'image set')}" if self.ids else "")

    def held(self) -> set[Need]:
        """Return what is at hand."""
        held = super().held()
        finding = self._finding()
        if finding is not None and finding.image_sets:
            held.add(Need.ROW)
            if len({image_set for image_set, _ in finding.image_sets}) > 1:
                held.add(Need.PAIR)
        if any(change.safety is Safety.SAFE for each in self._chosen() for _, change in each.changes):
            held.add(Need.MENDABLE)
        return held

    def _finding(self) -> Finding | None:
        return self.rows.at(self.query_one("#findings", RowView).cursor) if self.here else None

    def _chosen(self) -> list[Finding]:
        """Return the marked findings, or all that are shown."""
        if not self.here:
            return []
        marks = self.query_one("#findings", RowView).marks
        return self.rows.of(marks or {self.rows.key(index) for index in range(len(self.rows))})

    @on(RowView.Moved, "#findings")
    @on(RowView.Marked, "#findings")
    def _moved(self) -> None:
        finding, detail = self._finding(), self.query_one("#detail", Detail)
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
        finding = self._finding()
        if finding is not None and finding.image_sets:
            self.bench.show_metadata(finding.image_sets[0][0], at=finding.path)

    def do_diff(self) -> None:
        """Compare the first two image sets."""
        finding = self._finding()
        if finding is not None:
            first, *others = finding.image_sets
            second = next(each for each in others if each[0] != first[0])
            self.app.push_screen(DifferenceScreen(first, second))

    def do_frames(self) -> None:
        """Look at the frames of the finding's image sets."""
        from curator.tui.screens.frames import FramesScreen

        finding = self._finding()
        sets = [image_set for image_set, _ in finding.image_sets] if finding is not None else []
        if sets:
            self.app.push_screen(FramesScreen(sets[0], list(dict.fromkeys(sets))))

    def do_mend(self) -> None:
        """Plan the safe changes."""
        session, spec, chosen = self.bench.session, self.bench.store_spec, self._chosen()
        if session is not None:
            self._plan_request = self.bench.work.begin(
                "plan safe changes",
                self,
                lambda ticket: Planned(ticket.request, plan_mending(session, spec, chosen)),
            )

    def do_resolve(self) -> None:
        """Plan merges and agreement."""
        session, spec, ids = self.bench.session, self.bench.store_spec, self.ids
        if session is not None:
            self._plan_request = self.bench.work.begin(
                "plan what resolves conflicts",
                self,
                lambda ticket: Planned(ticket.request, plan_resolution(session, spec, ids)),
            )

    def do_conflicts(self) -> None:
        """Decide conflicts."""
        self.app.push_screen(ConflictsScreen(self.ids))

    def on_planned(self, message: Planned) -> None:
        """Show the plan."""
        if message.request == self._plan_request:
            self.app.push_screen(CampaignScreen(message.campaign))

    def filter_rows(self, text: str) -> None:
        """Show the findings that hold every word."""
        self.rows.filter(text)
        self.query_one("#findings", RowView).show(self.rows, cursor=0)


def _why(code: str) -> str:
    """Return why such a finding is bad, from the check's own prose."""
    from curator.checks import checks, sections

    check = next((each for each in checks() if each.code == code), None)
    return " ".join(sections(check).get("Why is this bad?", "").split()) if check is not None else ""
