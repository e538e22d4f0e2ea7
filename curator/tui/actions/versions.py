"""What can be done in the versions of one image set."""

from curator.tui.actions.action import BACK, Action, Need

ACTIONS = (
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
        "versions.campaign",
        "o",
        "Campaign",
        "See the campaign that made this version",
        (Need.STORE, Need.ROW, Need.CAMPAIGN),
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
    Action("versions.back", "escape,q", "Back", BACK, foot=True),
)
