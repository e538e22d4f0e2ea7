"""An action, and what it may need."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum


class Need(StrEnum):
    """What an action may need; the value is the reason given when it is missing."""

    STORE = "the data store is not open"
    WRITABLE = "the store is open read-only"
    ROW = "nothing is selected"
    UNLOCKED = "an operation is running on this image set"
    LATEST = "only the latest version can be changed"
    OLDER = "this is the latest version already"
    EARLIER = "there is no earlier version to compare with"
    VALUE = "the selected line is not an element that can be typed"
    EDITS = "nothing is edited"
    ELEMENT = "the selected line is not an element"
    MATCH = "nothing is being searched for"
    CHANGE = "there are no changes"
    WORK = "nothing is running"
    MARKS = "nothing is marked"
    SINGLE = "this is a group: unfold it and choose one of it"
    GROUPS = "nothing is grouped"
    FACET = "no value of a facet is selected"
    REMOTE = "of an embedded store every document is read already"
    PAIR = "it is about one image set only"
    MENDABLE = "nothing here can be mended without a person's decision"
    OPEN_UNITS = "everything in it is done"
    DONE_UNITS = "nothing of it was done"
    IDLE = "work is going on"
    DELETABLE = "it leaves nothing to delete"
    CAMPAIGN = "no campaign of this project made it"
    TORN = "it is not a torn series"
    DECIDED = "nothing is decided here"
    ANY_DECIDED = "nothing is decided yet"
    LOCAL = "data stores are made in an embedded store only; in AWS: curator --store aws:ID stores create"
    RECENT = "it is not among the stores that were opened lately"
    APPLYING = "the plan is not being applied here"
    UNBEGUN = "it was begun: what was done is taken back by undo"
    EXCLUDED = "nothing was taken out of the plan"
    WALKED = "nothing was applied in this session: mark the campaigns to save"
    OWN = "it is no file of the project's own: copy it into the project to change it"
    UTF8 = "the file is not UTF-8, and saving would lose bytes: f3 opens your editor, save it there as UTF-8"
    SOUND = "the file has problems, which its source shows"
    PROBLEM = "there is no problem"
    FRAME = "there is no frame to look at"
    SHOWN = "its frame is not shown: nobody looked at it"
    GREY = "it is in colour, or not read yet"
    OVERLAY = "it has no overlay"
    IMPORTED = "nothing was imported in this session"
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
    only_with: Need | None = None  # in the footer only while this is at hand

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


BACK = "Go back to where you came from"
