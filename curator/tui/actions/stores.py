"""What can be done in the list of data stores."""

from curator.tui.actions.action import BACK, Action, Need

ACTIONS = (
    Action(
        "stores.open", "o", "Open", "Open the data store, with its project", (Need.ROW, Need.IDLE), foot=True
    ),
    Action(
        "stores.read-only",
        "R",
        "Read-only",
        "Open the data store so that nothing in it can be changed",
        (Need.ROW, Need.IDLE),
        foot=True,
    ),
    Action(
        "stores.other", "slash", "Other", "Open a data store by its name: --store", (Need.IDLE,), foot=True
    ),
    Action(
        "stores.project",
        "p",
        "Project",
        "Open the data store with another project, or a new one",
        (Need.ROW, Need.IDLE),
        foot=True,
    ),
    Action(
        "stores.create",
        "n",
        "New",
        "Make a new data store beside the selected embedded one",
        (Need.ROW, Need.LOCAL, Need.IDLE),
        foot=True,
    ),
    Action("stores.account", "a", "AWS", "List the data stores of the AWS account; asks AWS", foot=True),
    Action("stores.forget", "x", "Forget", "Take it off this list; its data stays as it is", (Need.RECENT,)),
    Action("stores.refresh", "r", "Refresh", "Look again which data stores there are"),
    Action("stores.back", "escape,q", "Back", BACK, foot=True),
)
