"""What can be done everywhere and in every list of rows."""

from curator.tui.actions.action import Action, Need

ACTIONS = (
    # --- everywhere
    Action("app.help", "question_mark,f1", "Help", "Explain this screen and its keys", foot=True),
    Action("app.palette", "ctrl+p,colon", "Commands", "Find anything that can be done, by name", foot=True),
    Action("app.log", "ctrl+l", "Log", "Show or hide what was done, and what is running"),
    Action("app.cancel", "ctrl+x", "Cancel", "Stop the work that is running", (Need.WORK,), True, Need.WORK),
    Action("app.stores", "ctrl+o", "Stores", "Open another data store or project, or make one", (Need.IDLE,)),
    Action("app.theme", "ctrl+t", "Theme", "Change between the dark and the light theme"),
    Action("app.quit", "ctrl+q", "Quit", "Leave curator"),
    # --- in every list of rows
    Action("rows.up", "up,k", "Up", "One row up"),
    Action("rows.down", "down,j", "Down", "One row down"),
    Action("rows.page-up", "pageup,ctrl+b", "Page up", "One screen up"),
    Action("rows.page-down", "pagedown,ctrl+f", "Page down", "One screen down"),
    Action("rows.half-up", "ctrl+u", "Half up", "Half a screen up"),
    Action("rows.half-down", "ctrl+d", "Half down", "Half a screen down"),
    Action("rows.first", "home,g", "First", "To the first row"),
    Action("rows.last", "end,G", "Last", "To the last row"),
    Action("rows.left", "left,h", "Left", "Scroll left; in a tree, close or go to the parent"),
    Action("rows.right", "right,l", "Right", "Scroll right; in a tree, open"),
    Action("rows.open", "enter", "Open", "Open the row under the cursor"),
    Action("rows.mark", "space", "Mark", "Mark or unmark the row, and go on"),
    Action("rows.mark-down", "shift+down", "Mark down", "Mark or unmark while going down"),
    Action("rows.mark-up", "shift+up", "Mark up", "Mark or unmark while going up"),
    Action("rows.mark-range", "V", "Mark range", "Mark from the last marked row to this one"),
    Action("rows.mark-all", "ctrl+a", "Mark all", "Mark every row shown, or none"),
)
