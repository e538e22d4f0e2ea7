"""What can be done where a profile is chosen."""

from curator.tui.actions.action import BACK, Action, Need

ACTIONS = (
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
    Action(
        "deidentify.option",
        "O",
        "Options",
        "Go to the options; there, change the one under the cursor (⏎ too)",
        foot=True,
    ),
    Action("deidentify.file", "o", "File", "Take a profile of yours, by its path", foot=True),
    Action("deidentify.back", "escape,q", "Back", BACK, foot=True),
)
