"""When the garbage collector looks at everything: never between a key and its picture.

What is loaded stays: modules, styles, 100,000 rows. A full collection walks all of it, for 30 to 80 ms, every few dozen
keys. So it rests until the list is there, leaves alone what was loaded until then, and looks at the rest seldom.
"""

from __future__ import annotations

import gc

_THRESHOLDS = (
    5_000,
    20,
    50,
)  # new objects, then collections of the younger generation, until one is collected
_rests = False


def rest() -> None:
    """Let it rest while the program starts."""
    global _rests
    _rests = True
    gc.disable()


def settle() -> None:
    """Leave alone what is loaded by now, and work again; does nothing unless it rests."""
    global _rests
    if _rests:
        _rests = False
        gc.freeze()
        gc.set_threshold(*_THRESHOLDS)
        gc.enable()
