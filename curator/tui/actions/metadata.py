"""What can be done in one image set's metadata."""

from curator.tui.actions.action import BACK, Action, Need

_EDIT = (Need.STORE, Need.LATEST)

ACTIONS = (
    Action(
        "metadata.edit",
        "e",
        "Edit",
        "Edit this element in a form for its VR; nothing is written before you commit and apply",
        (*_EDIT, Need.VALUE),
        foot=True,
    ),
    Action("metadata.add", "a", "Add", "Add an element to this level or item", _EDIT, foot=True),
    Action(
        "metadata.remove",
        "delete,D",
        "Remove",
        "Mark this element, sequence or item to be removed",
        (*_EDIT, Need.ELEMENT),
    ),
    Action(
        "metadata.undo",
        "u",
        "Undo",
        "Take back the edit of this element, or the last one made",
        (Need.EDITS,),
        foot=True,
    ),
    Action("metadata.undo-all", "U", "Undo all", "Take back all edits, of all image sets", (Need.EDITS,)),
    Action(
        "metadata.commit",
        "w",
        "Commit",
        "Make one plan of all edits, of all image sets; it shows what it will do before you apply it",
        (*_EDIT, Need.EDITS, Need.IDLE),
        foot=True,
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
    Action("metadata.pager", "vertical_line", "Pager", "Read the whole document in $PAGER", (Need.STORE,)),
    Action("metadata.refresh", "r", "Refresh", "Read the metadata again", (Need.STORE,)),
    Action("metadata.back", "escape,q", "Back", BACK, foot=True),
)
