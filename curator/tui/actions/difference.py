"""What can be done in a comparison."""

from curator.tui.actions.action import BACK, Action, Need

ACTIONS = (
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
    Action("diff.pager", "vertical_line", "Pager", "Read what differs in $PAGER", (Need.CHANGE,)),
    Action("diff.copy", "y", "Copy", "Copy the value after to the clipboard", (Need.ROW,)),
    Action("diff.copy-path", "Y", "Copy path", "Copy the element's path to the clipboard", (Need.ROW,)),
    Action("diff.back", "escape,q", "Back", BACK, foot=True),
)
