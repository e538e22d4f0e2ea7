"""What can be done in one image set's metadata."""

from curator.tui.actions.action import BACK, Action, Need

ACTIONS = (
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
    Action("metadata.copy-path", "Y", "Copy path", "Copy the element's path to the clipboard", (Need.ROW,)),
    Action("metadata.versions", "v", "Versions", "See the versions", (Need.STORE,), foot=True),
    Action("metadata.refresh", "r", "Refresh", "Read the metadata again", (Need.STORE,)),
    Action("metadata.back", "escape,q", "Back", BACK, foot=True),
)
