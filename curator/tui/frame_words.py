"""What is said beside a picture: what it is, why its pixels may identify, what was decided."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from rich.text import Text

from curator.printable import printable

if TYPE_CHECKING:
    from curator.deid.pixelreview import PixelDecision
    from curator.pictures import Frame, Picture
    from curator.pictures.greyscale import Voi
    from curator.tui.stack import InstanceSeen, Stack

_STORED: Final = {
    "": "HTJ2K lossless",  # the model's documentation: what is missing is image/jph
    "1.2.840.10008.1.2.1": "uncompressed",
    "1.2.840.10008.1.2.4.50": "JPEG as received",
    "1.2.840.10008.1.2.4.91": "JPEG 2000 as received",
    "1.2.840.10008.1.2.4.112": "JPEG XL as received",
    "1.2.840.10008.1.2.4.202": "HTJ2K lossless",
    "1.2.840.10008.1.2.4.203": "HTJ2K as received",
}
_LONGEST_BESIDE: Final = 400


def position(stack: Stack, place: int) -> str:
    """Return where one is, in numbers."""
    one = stack.at(place)
    said = f"instance {one.number:,} of {stack.total:,}"
    return f"{said}  frame {place - one.first + 1:,} of {one.count:,}" if one.count > 1 else said


def facts(frame: Frame, picture: Picture | None, voi: Voi | None) -> str:
    """Return what the frame is: size, bits, photometric interpretation, transfer syntax, window."""
    from curator.dicom.uids import uid_name

    told = frame.attributes
    rows, columns = picture.size if picture is not None else (told.get("Rows"), told.get("Columns"))
    parts = [f"{columns} × {rows}"]
    stored, allocated = told.get("BitsStored"), told.get("BitsAllocated")
    if stored:
        signed = " signed" if told.get("PixelRepresentation") == 1 else ""
        parts.append(
            f"{stored} of {allocated} bits{signed}" if stored != allocated else f"{stored} bits{signed}"
        )
    parts.append(str(told.get("PhotometricInterpretation") or ""))
    parts.append(_STORED.get(frame.stored) or uid_name(frame.stored) or "unknown transfer syntax")
    if voi is not None:
        parts.append(window_text(voi))
    return printable("  ".join(each for each in parts if each))


def window_text(voi: Voi) -> str:
    """Return a window in words: its name, centre and width."""
    centre, width = getattr(voi, "centre", None), getattr(voi, "width", None)
    return voi.name if centre is None else f"{voi.name} {centre:g}/{width:g}"


def aside(
    one: InstanceSeen,
    said: PixelDecision | None,
    picture: Picture | None,
    count: tuple[int, int],
    seen: str,
    colours: Mapping[str, str],
) -> Text:
    """Return why an instance's pixels may identify, and what was decided; ``count``: at risk, and still to decide.

    ``seen`` says which part is magnified, and how contrast was stretched; ``colours`` are the theme's, by name.
    """
    warning = f"bold {colours.get('warning', '')}"
    text = Text(overflow="fold")
    if one.risks:
        text.append("▲ Pixels at risk\n", warning)
        for risk in one.risks:
            text.append(f"• {printable(risk)}\n")
    else:
        text.append("No sign of risk\n", "bold")
        text.append("in the attributes; look all the same.\n", "dim")
    beside = picture.beside if picture is not None and one.kept else ()
    if beside:
        text.append("\n▲ Text in the frame's header\n", warning)
        for each in beside:
            text.append(f"{each.segment}: ", "dim")
            text.append(f"{printable(each.text[:_LONGEST_BESIDE])}\n")
    text.append("\n")
    _decision(text, said, colours, at_risk=bool(one.risks or beside))
    risky, open_ = count
    if risky:
        text.append(f"\n{risky:,} of this image set's instances at risk, {open_:,} to decide\n", "dim")
    if seen:
        text.append(f"\n{seen}\n", "bold")
    return text


def _decision(text: Text, said: PixelDecision | None, colours: Mapping[str, str], *, at_risk: bool) -> None:
    if said is None and at_risk:
        text.append("Not decided. ", "bold")
        text.append(
            "A publication leaves it out until somebody has looked: c clears it, x excludes it for good.\n"
        )
    elif said is None:
        text.append("It will be published; x excludes it.\n", "dim")
    else:
        excluded = said.verdict == "exclude"
        colour = colours.get("error" if excluded else "success", "")
        text.append("✗ Excluded" if excluded else "✓ Cleared", f"bold {colour}")
        by = " ".join(f"{word} {value}" for word, value in (("by", said.by), ("on", said.when[:10])) if value)
        text.append(f" {printable(by)}\n")
        if said.why:
            text.append(f"{printable(said.why)}\n", "dim")
        text.append("never published; " if excluded else "may be published; ")
        text.append("u takes it back.\n")
