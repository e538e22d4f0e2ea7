"""What can be done where frames are looked at."""

from curator.tui.actions.action import Action, Need

_SEEN = (Need.STORE, Need.FRAME)

ACTIONS = (
    Action("frames.next", "right,l", "Next", "To the next frame", _SEEN),
    Action("frames.previous", "left,h", "Previous", "To the frame before", _SEEN),
    Action("frames.next-instance", "down,j", "Next instance", "To the next instance's first frame", _SEEN),
    Action("frames.previous-instance", "up,k", "Previous instance", "To the instance before", _SEEN),
    Action("frames.page-down", "pagedown,ctrl+f", "Ten on", "Ten frames on", _SEEN),
    Action("frames.page-up", "pageup,ctrl+b", "Ten back", "Ten frames back", _SEEN),
    Action("frames.first", "home,g", "First", "To the first frame", _SEEN),
    Action("frames.last", "end,G", "Last", "To the last frame", _SEEN),
    Action("frames.goto", "number_sign", "Go to", "To an instance: type its number, or number.frame", _SEEN),
    Action("frames.play", "space", "Play", "Play the frames as a film, or stop", _SEEN),
    # --- the review
    Action(
        "frames.clear",
        "c",
        "Clear",
        "You looked: this instance's pixels may be published",
        (*_SEEN, Need.SHOWN),
        foot=True,
    ),
    Action("frames.exclude", "x", "Exclude", "Never publish this instance", _SEEN, foot=True),
    Action(
        "frames.undecide",
        "u",
        "Undecide",
        "Take back what was decided of this instance",
        (*_SEEN, Need.DECIDED),
        foot=True,
    ),
    Action("frames.note", "e", "Say why", "Say why you decided so", (*_SEEN, Need.DECIDED)),
    Action(
        "frames.next-risk",
        "n",
        "Next at risk",
        "To the next instance at risk that nobody decided, in this image set or the ones to review",
        (Need.STORE,),
        foot=True,
    ),
    Action("frames.previous-risk", "N", "Previous at risk", "To the one before", (Need.STORE,)),
    Action("frames.clear-series", "C", "Clear series", "Clear all instances of this series", _SEEN),
    Action("frames.exclude-series", "X", "Exclude series", "Exclude all instances of this series", _SEEN),
    # --- how it is seen
    Action(
        "frames.corner",
        "z",
        "Corners",
        "Magnify the corners and edges in turn: writing stands there",
        _SEEN,
        foot=True,
    ),
    Action("frames.corner-back", "Z", "Corners back", "The corners and edges the other way round", _SEEN),
    Action(
        "frames.stretch",
        "s",
        "Stretch",
        "Stretch the contrast of what is seen: faint writing comes out",
        _SEEN,
        foot=True,
    ),
    Action(
        "frames.window",
        "w",
        "Window",
        "The next window of the file's, or a common one",
        (*_SEEN, Need.GREY),
        foot=True,
    ),
    Action("frames.window-back", "W", "Window back", "The window before", (*_SEEN, Need.GREY)),
    Action(
        "frames.darker", "left_square_bracket", "Darker", "Move the window up: darker", (*_SEEN, Need.GREY)
    ),
    Action(
        "frames.brighter",
        "right_square_bracket",
        "Brighter",
        "Move the window down: brighter",
        (*_SEEN, Need.GREY),
    ),
    Action(
        "frames.narrower", "left_curly_bracket", "More contrast", "A narrower window", (*_SEEN, Need.GREY)
    ),
    Action("frames.wider", "right_curly_bracket", "Less contrast", "A wider window", (*_SEEN, Need.GREY)),
    Action("frames.invert", "i", "Invert", "Black for white", _SEEN),
    Action("frames.overlay", "o", "Overlay", "Show or hide what overlay planes draw", (*_SEEN, Need.OVERLAY)),
    Action("frames.zoom-in", "plus", "Zoom in", "Nearer", _SEEN, foot=True),
    Action("frames.zoom-out", "minus", "Zoom out", "Wider", _SEEN),
    Action(
        "frames.one-to-one",
        "equals_sign",
        "One to one",
        "A pixel of the image for each of the screen's",
        _SEEN,
    ),
    Action("frames.whole", "0", "Whole", "The whole image", _SEEN),
    Action("frames.pan-left", "H,shift+left", "Pan left", "Look further left", _SEEN),
    Action("frames.pan-right", "L,shift+right", "Pan right", "Look further right", _SEEN),
    Action("frames.pan-up", "K,shift+up", "Pan up", "Look further up", _SEEN),
    Action("frames.pan-down", "J,shift+down", "Pan down", "Look further down", _SEEN),
    Action("frames.metadata", "m", "Metadata", "Read the image set's metadata", (Need.STORE,)),
    Action("frames.refresh", "r", "Refresh", "Read the frames again", (Need.STORE,)),
    Action(
        "frames.back",
        "escape,q",
        "Back",
        "Leave the magnified part, then go back to where you came from",
        foot=True,
    ),
)
