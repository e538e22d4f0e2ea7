"""Text that is safe to put on a terminal, and counts that read well there.

DICOM values are data from strangers: an escape sequence in a PatientComments could repaint the screen or set
the clipboard. Everything that shows a value passes it through `printable`.
"""

from __future__ import annotations

import re

_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 (without TAB and LF, treated below), DEL, C1
    "\u061c\u200b-\u200f\u202a-\u202e\u2028\u2029\u2060-\u2069\ufeff\ufff9-\ufffb"  # invisible, bidirectional
    "\ud800-\udfff]"  # lone surrogates cannot be encoded at all
)


def _visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)  # U+2400 Control Pictures
    return "\u2421" if code == 0x7F else f"<U+{code:04X}>"


def printable(text: str, *, lines: bool = False) -> str:
    """Return ``text`` with every control and invisible character made visible.

    TAB becomes ``␉`` and LF ``␊``, unless ``lines`` asks to keep line breaks. Idempotent.
    """
    text = _CONTROL.sub(_visible, text)
    text = text.replace("\t", "\u2409")
    return text if lines else text.replace("\n", "\u240a")


def plural(count: int, one: str, many: str = "") -> str:
    """Return a count with what is counted: ``1 image set``, ``1,200 image sets``.

    ``many`` is for what an "s" at the end does not make more of: ``copies``, ``units are``.
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"
