"""What can be done where values are decided."""

from curator.tui.actions.action import BACK, Action, Need

ACTIONS = (
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
    Action("values.back", "escape,q", "Back", BACK, foot=True),
)
