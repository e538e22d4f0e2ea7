"""What can be done at a plan, before and after it is applied and in the list of campaigns."""

from curator.tui.actions.action import BACK, Action, Need

ACTIONS = (
    # --- at a plan, before and after it is applied
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
    Action("campaign.back", "escape,q", "Back", BACK, foot=True),
    # --- in the list of campaigns
    Action("campaigns.open", "o", "Open", "See what the campaign does and did", (Need.ROW,), foot=True),
    Action("campaigns.refresh", "r", "Refresh", "Read the project again", foot=True),
    Action("campaigns.back", "escape,q", "Back", BACK, foot=True),
)
