"""What can be done where conflicts among image sets are decided."""

from curator.tui.actions.action import BACK, Action, Need

_DECIDE = (Need.STORE, Need.ROW)

ACTIONS = (
    Action(
        "conflicts.choose",
        "c",
        "Choose",
        "Go to the values; there: take the value under the cursor for all",
        (*_DECIDE, Need.ELEMENT),
        foot=True,
    ),
    Action(
        "conflicts.majority",
        "m",
        "Majority",
        "Take the value of most instances, in the marked conflicts or this one",
        (*_DECIDE, Need.ELEMENT),
        foot=True,
    ),
    Action(
        "conflicts.newest",
        "n",
        "Newest",
        "Take the value of the image set updated last, in the marked conflicts or this one",
        (*_DECIDE, Need.ELEMENT),
        foot=True,
    ),
    Action(
        "conflicts.type",
        "e",
        "Type",
        "Type the right value",
        (*_DECIDE, Need.ELEMENT),
        foot=True,
    ),
    Action(
        "conflicts.absent",
        "x",
        "Remove",
        "Remove the element from all image sets of the conflict",
        (*_DECIDE, Need.ELEMENT),
    ),
    Action(
        "conflicts.merge",
        "M",
        "Merge",
        "Merge the marked torn series, or this one; what is not decided goes by majority",
        (*_DECIDE, Need.TORN),
        foot=True,
    ),
    Action(
        "conflicts.leave",
        "s",
        "Leave",
        "Leave the marked conflicts, or this one, as they are",
        _DECIDE,
    ),
    Action(
        "conflicts.alike",
        "a",
        "All alike",
        "Make the same decision for all conflicts like this one",
        (*_DECIDE, Need.DECIDED),
        foot=True,
    ),
    Action(
        "conflicts.undecide",
        "u",
        "Undecide",
        "Take the decision back, of the marked conflicts or this one",
        (*_DECIDE, Need.DECIDED),
        foot=True,
    ),
    Action(
        "conflicts.plan",
        "P",
        "Plan",
        "Make one plan of all that is decided; nothing is changed before you apply it",
        (Need.STORE, Need.IDLE, Need.ANY_DECIDED),
        foot=True,
    ),
    Action("conflicts.filter", "slash", "Filter", "Show only conflicts that hold these words", foot=True),
    Action("conflicts.open", "o", "Metadata", "Read the metadata of the first image set", _DECIDE),
    Action("conflicts.diff", "d", "Diff", "Compare the first two image sets of the conflict", _DECIDE),
    Action("conflicts.refresh", "r", "Refresh", "Look for conflicts again", (Need.STORE, Need.IDLE)),
    Action("conflicts.back", "escape,q", "Back", BACK, foot=True),
)
