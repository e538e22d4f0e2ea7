"""Letters of other scripts that look like Latin ones: a name typed with them reads the same and compares unequal.

The single-letter confusables of Cyrillic, Greek and a few others with Latin (Unicode UTS #39), by their capital and small
forms. Folded on both sides of a comparison, names in those scripts still compare as before.
"""

from __future__ import annotations

from typing import Final

_PAIRS: Final = (
    "АAВBЕEЅSІIЈJКKМMНHОOРPСCТTУYХXԀDԌGԚQԜWҺHӀL"  # Cyrillic
    "ΑAΒBΕEΖZΗHΙIΚKΜMΝNΟOΡPΤTΥYΧX"  # Greek
    "ԱUՏSՕOՍU"  # Armenian
)
_SMALL: Final = "ӏlıiɑaɡgᴠvᴄcᴏoᴜuᴡwᴢzſs"

LOOKS_LATIN: Final[dict[int, str]] = {
    **{ord(other): latin for other, latin in zip(_PAIRS[::2], _PAIRS[1::2], strict=True)},
    **{ord(other.lower()): latin.lower() for other, latin in zip(_PAIRS[::2], _PAIRS[1::2], strict=True)},
    **{ord(other): latin for other, latin in zip(_SMALL[::2], _SMALL[1::2], strict=True)},
}
"""For ``str.translate``; case stays."""
