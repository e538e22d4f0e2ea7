"""Everything a key, a click or the palette can do: one table, from which all four are drawn.

An action names what it needs; a screen says what it has (`Need`); the difference is why a key does nothing
right now, and is told in the footer, in help and when the key is pressed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from textual.binding import Binding


class Need(StrEnum):
    """What an action may need; the value is the reason given when it is missing."""

    STORE = "the data store is not open"
    WRITABLE = "the store is open read-only"
    ROW = "nothing is selected"
    UNLOCKED = "an operation is running on this image set"
    LATEST = "only the latest version can be changed"
    OLDER = "this is the latest version already"
    EARLIER = "there is no earlier version to compare with"
    VALUE = "the selected line is not an element with a single value"
    ELEMENT = "the selected line is not an element"
    MATCH = "nothing is being searched for"
    CHANGE = "there are no changes"
    WORK = "nothing is running"
    MARKS = "nothing is marked"
    PAIR = "it is about one image set only"
    MENDABLE = "nothing here can be mended without a person's decision"
    OPEN_UNITS = "everything in it is done"
    DONE_UNITS = "nothing of it was done"
    IDLE = "work is going on"
    DELETABLE = "it leaves nothing to delete"
    FILES = "files can be imported into an embedded store only"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that can be done: ``label`` for the footer, ``says`` for help and palette."""

    id: str
    keys: str  # Textual's key names, separated by commas
    label: str
    says: str
    needs: tuple[Need, ...] = ()
    foot: bool = False

    @property
    def place(self) -> str:
        """Return where it works: a screen's name, ``app`` or ``rows``."""
        return self.id.partition(".")[0]

    @property
    def name(self) -> str:
        """Return the name within its place."""
        return self.id.partition(".")[2]

    def why_not(self, held: Collection[Need]) -> str:
        """Return why it cannot be done when only ``held`` is at hand, or ``""``."""
        return next((str(need) for need in self.needs if need not in held), "")


_BACK = "Go back to where you came from"

ACTIONS: dict[str, Action] = {
    action.id: action
    for action in (
        # --- everywhere
        Action("app.help", "question_mark,f1", "Help", "Explain this screen and its keys", foot=True),
        Action(
            "app.palette", "ctrl+p,colon", "Commands", "Find anything that can be done, by name", foot=True
        ),
        Action("app.log", "ctrl+l", "Log", "Show or hide what was done, and what is running"),
        Action("app.cancel", "ctrl+x", "Cancel", "Stop the work that is running", (Need.WORK,), foot=True),
        Action("app.theme", "ctrl+t", "Theme", "Change between the dark and the light theme"),
        Action("app.quit", "ctrl+q", "Quit", "Leave curator"),
        # --- every list of rows
        Action("rows.up", "up,k", "Up", "One row up"),
        Action("rows.down", "down,j", "Down", "One row down"),
        Action("rows.page-up", "pageup,ctrl+b", "Page up", "One screen up"),
        Action("rows.page-down", "pagedown,ctrl+f", "Page down", "One screen down"),
        Action("rows.half-up", "ctrl+u", "Half up", "Half a screen up"),
        Action("rows.half-down", "ctrl+d", "Half down", "Half a screen down"),
        Action("rows.first", "home,g", "First", "To the first row"),
        Action("rows.last", "end,G", "Last", "To the last row"),
        Action("rows.left", "left,h", "Left", "Scroll left; in a tree, close or go to the parent"),
        Action("rows.right", "right,l", "Right", "Scroll right; in a tree, open"),
        Action("rows.open", "enter", "Open", "Open the row under the cursor"),
        Action("rows.mark", "space", "Mark", "Mark or unmark the row, and go on"),
        Action("rows.mark-down", "shift+down", "Mark down", "Mark or unmark while going down"),
        Action("rows.mark-up", "shift+up", "Mark up", "Mark or unmark while going up"),
        Action("rows.mark-range", "V", "Mark range", "Mark from the last marked row to this one"),
        Action("rows.mark-all", "ctrl+a", "Mark all", "Mark every row shown, or none"),
        # --- the list of image sets
        Action(
            "image-sets.metadata",
            "m",
            "Metadata",
            "Read the image set's metadata",
            (Need.STORE, Need.ROW),
            foot=True,
        ),
        Action(
            "image-sets.versions",
            "v",
            "Versions",
            "See the image set's versions",
            (Need.STORE, Need.ROW),
            foot=True,
        ),
        Action(
            "image-sets.diff",
            "d",
            "Diff",
            "Compare two marked image sets, or this one's last two versions",
            (Need.STORE, Need.ROW),
            foot=True,
        ),
        Action(
            "image-sets.findings",
            "f",
            "Findings",
            "Check what is wrong: in the marked image sets, or in all",
            (Need.STORE,),
            foot=True,
        ),
        Action(
            "image-sets.deidentify",
            "D",
            "De-identify",
            "Publish de-identified copies: of the marked image sets, or of all that are not de-identified yet",
            (Need.STORE,),
            foot=True,
        ),
        Action(
            "image-sets.campaigns",
            "C",
            "Campaigns",
            "See what was planned and done; apply, verify, undo",
            (Need.STORE,),
        ),
        Action("image-sets.filter", "slash", "Filter", "Show only rows that match, as you type", foot=True),
        Action("image-sets.sort", "s", "Sort", "Sort by the next column", foot=True),
        Action("image-sets.reverse", "S", "Reverse", "Sort the other way round"),
        Action("image-sets.columns", "c", "Columns", "Choose the columns", foot=True),
        Action("image-sets.preview", "p", "Preview", "Show or hide the preview"),
        Action(
            "image-sets.import",
            "i",
            "Import",
            "Import DICOM files from a folder",
            (Need.STORE, Need.WRITABLE, Need.FILES),
            foot=True,
        ),
        Action("image-sets.refresh", "r", "Refresh", "Read the list again", (), foot=True),
        Action("image-sets.unmark", "u", "Unmark", "Take all marks away", (Need.MARKS,)),
        Action("image-sets.copy", "y", "Copy id", "Copy the image set's id to the clipboard", (Need.ROW,)),
        Action("image-sets.back", "escape", "Clear", "Leave the filter, then take marks away"),
        Action("image-sets.quit", "q", "Quit", "Leave curator", foot=True),
        # --- choosing a profile
        Action(
            "deidentify.plan",
            "p",
            "Plan",
            "Plan copies by this profile (⏎ too); nothing is published before you apply",
            (Need.STORE, Need.ROW, Need.IDLE),
            foot=True,
        ),
        Action(
            "deidentify.values",
            "w",
            "Values",
            "See what this profile would do with every value, and decide otherwise",
            (Need.STORE, Need.ROW),
            foot=True,
        ),
        Action("deidentify.file", "o", "File", "Take a profile of yours, by its path", foot=True),
        Action("deidentify.back", "escape,q", "Back", _BACK, foot=True),
        # --- values to be decided
        Action(
            "values.keep",
            "y",
            "Keep",
            "Keep the marked values, or this one, in all image sets",
            (Need.STORE, Need.ROW),
            foot=True,
        ),
        Action(
            "values.remove",
            "x",
            "Remove",
            "Remove the marked values, or this one",
            (Need.STORE, Need.ROW),
            foot=True,
        ),
        Action(
            "values.replace",
            "r",
            "Replace",
            "Replace the marked values, or this one, by a text",
            (Need.STORE, Need.ROW),
            foot=True,
        ),
        Action(
            "values.clean",
            "c",
            "Clean",
            "Keep only the harmless words of the marked values, or this one",
            (Need.STORE, Need.ROW),
            foot=True,
        ),
        Action(
            "values.empty",
            "e",
            "Empty",
            "Empty the marked values, or this one",
            (Need.STORE, Need.ROW),
            foot=True,
        ),
        Action(
            "values.undecide",
            "u",
            "Undecide",
            "Take decisions back: the profile decides again",
            (Need.STORE, Need.ROW),
            foot=True,
        ),
        Action("values.filter", "slash", "Filter", "Show only values that hold these words", foot=True),
        Action("values.back", "escape,q", "Back", _BACK, foot=True),
        # --- findings
        Action(
            "findings.metadata",
            "m",
            "Metadata",
            "Read the metadata at the place of the finding",
            (Need.STORE, Need.ROW),
            foot=True,
        ),
        Action(
            "findings.diff",
            "d",
            "Diff",
            "Compare the first two image sets of the finding",
            (Need.STORE, Need.ROW, Need.PAIR),
            foot=True,
        ),
        Action("findings.filter", "slash", "Filter", "Show only findings that hold these words", foot=True),
        Action(
            "findings.mend",
            "M",
            "Mend",
            "Plan the safe changes of the marked findings, or of all shown; nothing is changed before you apply",
            (Need.STORE, Need.MENDABLE, Need.IDLE),
            foot=True,
        ),
        Action(
            "findings.resolve",
            "R",
            "Resolve",
            "Plan the merges that resolve torn series, and one value where sets of a study or patient disagree",
            (Need.STORE, Need.IDLE),
            foot=True,
        ),
        Action("findings.refresh", "r", "Refresh", "Check again", (Need.STORE, Need.IDLE)),
        Action("findings.back", "escape,q", "Back", _BACK, foot=True),
        # --- a plan, before and after it is applied
        Action(
            "campaign.apply",
            "A",
            "Apply",
            "Carry out the plan exactly as shown; a stopped one goes on",
            (Need.STORE, Need.WRITABLE, Need.OPEN_UNITS, Need.IDLE),
            foot=True,
        ),
        Action(
            "campaign.verify",
            "v",
            "Verify",
            "Read every changed image set again and hold it against the plan",
            (Need.STORE, Need.DONE_UNITS, Need.IDLE),
            foot=True,
        ),
        Action(
            "campaign.undo",
            "U",
            "Undo",
            "Take back what was done, and prove it",
            (Need.STORE, Need.WRITABLE, Need.DONE_UNITS, Need.IDLE),
            foot=True,
        ),
        Action(
            "campaign.summary",
            "s",
            "Summary",
            "See what the plan costs, and what it leaves out and why",
            foot=True,
        ),
        Action(
            "campaign.report",
            "w",
            "Report",
            "Write the report for people: who, when, why, what, and how it was proved",
            (Need.IDLE,),
            foot=True,
        ),
        Action(
            "campaign.audit",
            "L",
            "Check ledger",
            "Prove that nothing in the campaign's ledger was changed since it was written",
            (Need.IDLE,),
        ),
        Action(
            "campaign.finish",
            "F",
            "Finish",
            "Delete for good what merges emptied; ends exact undo",
            (Need.STORE, Need.WRITABLE, Need.DELETABLE, Need.IDLE),
        ),
        Action("campaign.refresh", "r", "Refresh", "Read the ledger again", (Need.IDLE,)),
        Action("campaign.back", "escape,q", "Back", _BACK, foot=True),
        # --- all campaigns
        Action("campaigns.open", "o", "Open", "See what the campaign does and did", (Need.ROW,), foot=True),
        Action("campaigns.refresh", "r", "Refresh", "Read the project again", foot=True),
        Action("campaigns.back", "escape,q", "Back", _BACK, foot=True),
        # --- one image set's metadata
        Action(
            "metadata.edit",
            "e",
            "Edit",
            "Change this element's value",
            (Need.STORE, Need.WRITABLE, Need.LATEST, Need.UNLOCKED, Need.VALUE),
            foot=True,
        ),
        Action(
            "metadata.remove",
            "delete,D",
            "Remove",
            "Remove this element",
            (Need.STORE, Need.WRITABLE, Need.LATEST, Need.UNLOCKED, Need.VALUE),
        ),
        Action("metadata.search", "slash", "Search", "Search in keywords, tags and values", foot=True),
        Action("metadata.next", "n", "Next", "To the next match", (Need.MATCH,), foot=True),
        Action("metadata.previous", "N", "Previous", "To the match before", (Need.MATCH,)),
        Action("metadata.goto", "P", "Go to path", "Go to an element by its path", foot=True),
        Action("metadata.expand", "plus,asterisk", "Expand", "Open everything below this line"),
        Action("metadata.collapse", "minus", "Collapse", "Close everything below this line"),
        Action("metadata.copy", "y", "Copy value", "Copy the value to the clipboard", (Need.ROW,), foot=True),
        Action(
            "metadata.copy-path", "Y", "Copy path", "Copy the element's path to the clipboard", (Need.ROW,)
        ),
        Action("metadata.versions", "v", "Versions", "See the versions", (Need.STORE,), foot=True),
        Action("metadata.refresh", "r", "Refresh", "Read the metadata again", (Need.STORE,)),
        Action("metadata.back", "escape,q", "Back", _BACK, foot=True),
        # --- versions of one image set
        Action(
            "versions.diff",
            "d",
            "Diff",
            "Compare two marked versions, or this one with the one before",
            (Need.STORE, Need.ROW, Need.EARLIER),
            foot=True,
        ),
        Action(
            "versions.metadata",
            "m",
            "Metadata",
            "Read the metadata of this version",
            (Need.STORE, Need.ROW),
            foot=True,
        ),
        Action(
            "versions.revert",
            "R",
            "Revert",
            "Make a new version with this version's content",
            (Need.STORE, Need.WRITABLE, Need.ROW, Need.OLDER, Need.UNLOCKED),
            foot=True,
        ),
        Action("versions.refresh", "r", "Refresh", "Read the versions again", (Need.STORE,), foot=True),
        Action("versions.back", "escape,q", "Back", _BACK, foot=True),
        # --- differences
        Action("diff.next", "n", "Next change", "To the next change", (Need.CHANGE,), foot=True),
        Action("diff.previous", "N", "Previous change", "To the change before", (Need.CHANGE,), foot=True),
        Action("diff.all", "a", "All / changes", "Show all elements, or only the changes", foot=True),
        Action(
            "diff.side",
            "s",
            "Side by side",
            "Show before and after side by side, or one below the other",
            foot=True,
        ),
        Action("diff.swap", "x", "Swap", "Exchange before and after", foot=True),
        Action("diff.copy", "y", "Copy", "Copy the value after to the clipboard", (Need.ROW,)),
        Action("diff.copy-path", "Y", "Copy path", "Copy the element's path to the clipboard", (Need.ROW,)),
        Action("diff.back", "escape,q", "Back", _BACK, foot=True),
    )
}

_ROWS = {
    "up": "move(-1)",
    "down": "move(1)",
    "page-up": "page(-1)",
    "page-down": "page(1)",
    "half-up": "page(-0.5)",
    "half-down": "page(0.5)",
    "first": "edge('first')",
    "last": "edge('last')",
    "left": "sideways(-1)",
    "right": "sideways(1)",
    "open": "open",
    "mark": "mark(1)",
    "mark-down": "mark(1)",
    "mark-up": "mark(-1)",
    "mark-range": "mark_range",
    "mark-all": "mark_all",
}
"""What a row view itself does for an action of ``rows``, in Textual's words."""


def of(place: str) -> Iterator[Action]:
    """Yield the actions of a place, in the table's order."""
    return (action for action in ACTIONS.values() if action.place == place)


def bindings(place: str) -> Iterator[Binding]:
    """Yield Textual's bindings of a place; their ids are the actions' ids, which a keymap speaks of."""
    for action in of(place):
        call = _ROWS[action.name] if place == "rows" else f"do('{action.id}')"
        yield Binding(action.keys, call, action.label, id=action.id, show=action.foot)


def with_keys(changed: Mapping[str, str]) -> dict[str, str]:
    """Return every action's keys, those of ``changed`` (action id → keys) in place of the table's."""
    return {action.id: changed.get(action.id, action.keys) for action in ACTIONS.values()}


def unknown(ids: Iterable[str]) -> list[str]:
    """Return which of ``ids`` are no actions."""
    return [name for name in ids if name not in ACTIONS]


_KEY_NAMES = {
    "slash": "/",
    "question_mark": "?",
    "colon": ":",
    "asterisk": "*",
    "plus": "+",
    "minus": "-",
    "escape": "esc",
    "enter": "⏎",
    "space": "␣",
    "pageup": "pgup",
    "pagedown": "pgdn",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "delete": "del",
}


def key_name(key: str) -> str:
    """Return a key as people write it: ``ctrl+p`` is ``^p``, ``slash`` is ``/``."""
    *modifiers, last = key.split("+")
    name = _KEY_NAMES.get(last, last)
    for modifier in reversed(modifiers):
        name = f"^{name}" if modifier == "ctrl" else f"{modifier}+{name}"
    return name
