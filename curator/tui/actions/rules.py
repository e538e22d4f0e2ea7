"""What can be done with rule files and profiles: on the shelf, in a file's source, and in a dry run."""

from curator.tui.actions.action import BACK, Action, Need

ACTIONS = (
    # --- on the shelf
    Action(
        "rules.source",
        "e",
        "Source",
        "Read the file (⏎ too), and change it when it is the project's own: it is checked as you type",
        (Need.ROW,),
        foot=True,
    ),
    Action(
        "rules.editor",
        "E",
        "$EDITOR",
        "Change a file of the project in your own editor; it is checked when you come back",
        (Need.OWN,),
    ),
    Action(
        "rules.new", "n", "New", "Make a rule file of the project from a template", (Need.STORE,), foot=True
    ),
    Action(
        "rules.copy",
        "c",
        "Copy",
        "Copy the file into the project under another name, to change it there",
        (Need.STORE, Need.ROW),
        foot=True,
    ),
    Action("rules.test", "t", "Test", "Run the file's cases, each rule alone", (Need.SOUND,), foot=True),
    Action(
        "rules.dry-run",
        "d",
        "Dry run",
        "See what it would change, with counts and samples; nothing is written",
        (Need.STORE, Need.SOUND, Need.IDLE),
        foot=True,
    ),
    Action(
        "rules.scope",
        "s",
        "Scope",
        "Choose what a dry run looks at: the marked image sets, those the list shows, or all",
        foot=True,
    ),
    Action("rules.filter", "slash", "Filter", "Show only files that hold these words"),
    Action("rules.refresh", "r", "Refresh", "Read the files again", (Need.STORE,)),
    Action("rules.back", "escape,q", "Back", BACK, foot=True),
    # --- in a file's source, where letters are text
    Action("source.save", "ctrl+s", "Save", "Save the file", (Need.OWN, Need.UTF8, Need.CHANGE), foot=True),
    Action("source.editor", "f3", "$EDITOR", "Go on in your own editor", (Need.OWN,), foot=True),
    Action("source.problem", "f4", "Problem", "To the next line with a problem", (Need.PROBLEM,), foot=True),
    Action("source.test", "f5", "Test", "Run the cases of what you see, saved or not", foot=True),
    Action(
        "source.explain",
        "f6",
        "Explain",
        "Say in words what the file is for and what its rules do",
    ),
    Action("source.back", "escape", "Back", "Leave; asks when something is not saved", foot=True),
    # --- in a dry run
    Action(
        "dry-run.plan",
        "p",
        "Make a plan of it",
        "Keep just this as a plan, to be reviewed and applied",
        (Need.STORE, Need.CHANGE, Need.IDLE),
        foot=True,
    ),
    Action(
        "dry-run.by", "b", "By rule / element", "Count by rule and element, by rule, or by element", foot=True
    ),
    Action(
        "dry-run.explain", "x", "Explain", "Say why the change under the cursor is made (⏎ too)", (Need.ROW,)
    ),
    Action("dry-run.summary", "s", "Summary", "See what it would cost, leave out, and find", foot=True),
    Action("dry-run.back", "escape,q", "Back", "Leave; a dry run that was not kept is gone", foot=True),
)
