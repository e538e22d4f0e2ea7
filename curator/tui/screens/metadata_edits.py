"""Pending edits in a tree of metadata: made, drawn, taken back, and committed as one plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from textual.message import Message

from curator.dicom.dictionary import key_of_tag, vrs
from curator.dicom.levels import Level, level_of
from curator.findings import ABSENT, Absent, Change
from curator.imageset import ElementPath, ImageSetMetadata
from curator.plan.edits import edit, refusal, value_in
from curator.printable import plural
from curator.tui.editing import changes_in, plan_edits
from curator.tui.messages import Planned
from curator.tui.outline import Line, Outline
from curator.tui.screens.add_element import AddScreen
from curator.tui.screens.campaign import CampaignScreen
from curator.tui.screens.confirm import ConfirmScreen
from curator.tui.screens.edit import Edited, EditScreen
from curator.tui.screens.place import Place
from curator.tui.widgets.outline_view import OutlineView


@dataclass
class Widened(Message):
    """An edit as other image sets need it."""

    request: int
    changes: Sequence[tuple[str, Change]] = field(repr=False)


class EditedPlace(Place):
    """A screen with the tree of one document (``#tree``) in which edits are made."""

    def __init__(self, image_set: str) -> None:
        super().__init__()
        self.image_set = image_set
        self.document: ImageSetMetadata | None = None
        self.latest = False
        self.others: Mapping[Level, Sequence[str]] = {}
        self.return_to: ElementPath | None = None
        self._widening = 0
        self._planning = 0

    def line(self) -> Line | None:
        """Return the line under the cursor."""
        if not self.here:
            return None
        view = self.query_one("#tree", OutlineView)
        return view.outline.at(view.cursor) if view.outline else None

    def pending_text(self) -> str:
        """Return how many edits are pending, and how many of them elsewhere."""
        elsewhere = self.bench.pending - len(self.edits)
        text = super().pending_text()
        return f"{text}, {elsewhere:,} elsewhere" if elsewhere else text

    @property
    def edits(self) -> Mapping[ElementPath, Change]:
        """The pending edits of what is shown: an old version has none."""
        return self.bench.edits.of(self.image_set) if self.latest else {}

    def is_gone(self, path: ElementPath) -> bool:
        """Tell whether something around the element is to be removed."""
        around = (
            ElementPath(path.level, path.series, path.instance, path.steps[:count])
            for count in range(1, len(path.steps))
        )
        changes = (self.edits.get(each) for each in around)
        return any(change is not None and isinstance(change.after, Absent) for change in changes)

    def hold_against(self, documents: Sequence[tuple[str, ImageSetMetadata]]) -> None:
        """Drop edits that are made by now, and those whose elements others changed, which is said."""
        lost = sum(self.bench.edits.hold_against(*each) for each in documents)
        if lost:
            text = (
                f"{plural(lost, 'edit was', 'edits were')} dropped: others changed their elements meanwhile."
            )
            self.bench.say(text, severity="warning")

    def do_edit(self) -> None:
        """Edit one value in a form."""
        line = self.line()
        if line is not None and line.path is not None:
            self._edit(line.path)

    def _edit(self, path: ElementPath, vr: str = "") -> None:
        document = self.document
        if document is None:
            return
        change, now = self.edits.get(path), value_in(document, path)
        value = change.after if change is not None else now
        vr = vr or (change.vr if change is not None else document.vr_of(path))
        form = EditScreen(document, path, value, vr, original=now, wide=self._wider(path))
        self.app.push_screen(form, self._edited)

    def _wider(self, path: ElementPath) -> str:
        """Return where else the edit could be made at once, as the form offers it."""
        if path.level is Level.INSTANCE:
            count = self.document.instance_count if self.document is not None else 0
            return f"in all {plural(count, 'instance')} of this image set" if count > 1 else ""
        count = len(self.others.get(path.level, ()))
        noun = {Level.PATIENT: "patient", Level.STUDY: "study", Level.SERIES: "series"}[path.level]
        return f"also in {plural(count, 'other image set')} of this {noun}" if count else ""

    def _edited(self, edited: Edited | None) -> None:
        document, session = self.document, self.bench.session
        if edited is None or document is None or session is None:
            return
        change = edited.change
        if not edited.wide:
            self._put([(self.image_set, change)], change.path)
        elif change.path.level is Level.INSTANCE:
            everywhere = (
                ElementPath(Level.INSTANCE, series, sop, change.path.steps)
                for series, sop, _ in document.instances()
            )
            changes = (edit(document, path, change.after, change.vr) for path in everywhere)
            self._put(
                [(self.image_set, each) for each in changes if refusal(document, each) is None], change.path
            )
        else:
            ids = [self.image_set, *self.others.get(change.path.level, ())]
            self.return_to = change.path
            self._widening = self.bench.work.begin(
                "read the other image sets",
                self,
                lambda ticket: Widened(ticket.request, changes_in(session, ids, change, ticket)),
            )

    def on_widened(self, message: Widened) -> None:
        """Take in the edits of all image sets."""
        if message.request == self._widening:
            self._put(message.changes, self.return_to)
            self.return_to = None

    def _put(self, changes: Sequence[tuple[str, Change]], at: ElementPath | None) -> None:
        count = self.bench.edits.put(changes)
        if count > 1:
            sets = len({image_set for image_set, _ in changes})
            self.bench.say(f"{plural(count, 'edit')} in {plural(sets, 'image set')}; u takes them back.")
        self.show_edits(at)

    def show_edits(self, at: ElementPath | None = None) -> None:
        """Draw the tree with the edits as they are now, the cursor at the same element."""
        view, document = self.query_one("#tree", OutlineView), self.document
        if document is None:
            return
        line = self.line()
        here = at or (line.path if line is not None else None)
        outline = Outline(document, self.edits, like=view.outline)
        place = outline.reveal(here) if here is not None else -1
        view.show(outline, cursor=place if place >= 0 else max(view.cursor, 0))
        self.tell()

    def do_remove(self) -> None:
        """Mark one element to be removed."""
        line, document = self.line(), self.document
        if line is None or line.path is None or document is None:
            return
        change = self.edits.get(line.path)
        if change is not None and isinstance(change.before, Absent):
            self.bench.edits.take_back(self.image_set, line.path)
        else:
            change = edit(document, line.path, ABSENT)
            reason = refusal(document, change)
            if reason is not None:
                self.bench.say(f"Remove: {reason}.", severity="warning")
                return
            self.bench.edits.put([(self.image_set, change)])
        self.show_edits()

    def do_add(self) -> None:
        """Choose an attribute, and type its value."""

        def chosen(tag: int | None) -> None:
            place = self._place_for(tag) if tag is not None else None
            if tag is not None and place is not None:
                known = vrs(tag)
                self._edit(place.child(key_of_tag(tag)), known[0] if known else "")

        self.app.push_screen(AddScreen(), chosen)

    def _place_for(self, tag: int) -> ElementPath | None:
        """Return the level or item that an attribute is added to, from where the cursor is."""
        line, document = self.line(), self.document
        path = line.path if line is not None else None
        if document is None:
            return None
        items = (
            [at for at, step in enumerate(path.steps) if isinstance(step, int)] if path is not None else []
        )
        if path is not None and items:
            return ElementPath(path.level, path.series, path.instance, path.steps[: items[-1] + 1])
        level = level_of(tag)
        series = path.series if path is not None and path.series else next(iter(document.series), "")
        if level is Level.SERIES:
            return ElementPath(level, series)
        if level is not Level.INSTANCE:
            return ElementPath(level)
        sops = (
            [sop for uid, sop, _ in document.instances() if uid == series]
            if document.instance_count == 1
            else []
        )
        sop = path.instance if path is not None and path.instance else next(iter(sops), "")
        if not sop:
            self.bench.say("Add: it belongs to an instance; go to one first.", severity="warning")
            return None
        return ElementPath(level, series, sop)

    def do_undo(self) -> None:
        """Take back the edit under the cursor, or the last one."""
        line, edits = self.line(), self.bench.edits
        if line is None or line.path is None or not edits.take_back(self.image_set, line.path):
            count = edits.take_back_last()
            self.bench.say(f"{plural(count, 'edit')} taken back.")
        self.show_edits()

    def do_undo_all(self) -> None:
        """Ask, and take everything back."""
        edits = self.bench.edits

        def confirmed(wanted: bool | None) -> None:
            if wanted:
                edits.clear()
                self.show_edits()

        text = f"Forgets {plural(len(edits), 'edit')} in {plural(len(edits.image_sets), 'image set')}. Nothing was written."
        self.app.push_screen(ConfirmScreen("Take back all edits?", text, "Undo all"), confirmed)

    def do_commit(self) -> None:
        """Make one plan of all edits."""
        session, spec, wanted = self.bench.session, self.bench.store_spec, list(self.bench.edits.items())
        if session is not None:
            self._planning = self.bench.work.begin(
                "plan the edits",
                self,
                lambda ticket: Planned(ticket.request, plan_edits(session, spec, wanted)),
            )

    def on_planned(self, message: Planned) -> None:
        """Show the plan; the edits stay pending until it is applied."""
        if message.request == self._planning:
            self.app.push_screen(CampaignScreen(message.campaign))
