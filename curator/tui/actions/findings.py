"""What can be done in the findings."""

from curator.tui.actions.action import BACK, Action, Need

ACTIONS = (
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
    Action(
        "findings.conflicts",
        "c",
        "Conflicts",
        "Decide what image sets disagree about, value by value",
        (Need.STORE,),
        foot=True,
    ),
    Action(
        "findings.frames",
        "P",
        "Frames",
        "Look at the frames of the finding's image sets, and review pixels at risk",
        (Need.STORE, Need.ROW),
    ),
    Action("findings.refresh", "r", "Refresh", "Check again", (Need.STORE, Need.IDLE)),
    Action("findings.back", "escape,q", "Back", BACK, foot=True),
)
