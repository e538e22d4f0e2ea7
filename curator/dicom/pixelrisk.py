"""May an instance's pixels show who the patient is? Signs of it in the attributes, without looking at pixels.

Nothing can be changed in pixels inside HealthImaging, so what these signs name is left out or quarantined until
somebody clears it. Sources: PS3.15 E.3.1, PS3.3 C.7.6.3 and C.9.2, and TCIA's curation practice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from curator.dicom import Json

_BURNED_IN_MODALITIES = frozenset({"US", "IVUS", "SC", "ES", "XC", "OT", "XA", "RF", "GM", "OP"})
_SOP_ROOT = "1.2.840.10008.5.1.4.1.1."
_BURNED_IN_CLASSES = (
    "3.1",  # Ultrasound Multi-frame
    "6.1",  # Ultrasound
    "7",  # Secondary Capture, multi-frame ones below
    "104",  # Encapsulated PDF, CDA, STL …
    "77.1.1",  # VL Endoscopic, video
    "77.1.2.1",  # Video Microscopic
    "77.1.4",  # VL Photographic, video
)
_SCREEN_SAVES = frozenset({"SCREEN SAVE", "SCREENSAVE", "SCREEN CAPTURE", "SCREENSHOT"})
_VIDEO = tuple(f"1.2.840.10008.1.2.4.{number}" for number in (*range(100, 109),))


def pixel_risks(dicom: Mapping[str, Json], frames: Iterable[Mapping[str, Json]]) -> tuple[str, ...]:
    """Return why an instance's pixels may identify, in words without values; empty when nothing hints at it.

    ``dicom`` are the instance's attributes together with its series' (Modality is one of those); ``frames``
    the entries of ImageFrames. An instance without pixels and without an encapsulated document has no risk.
    """
    frames = list(frames)
    if not frames and "EncapsulatedDocument" not in dicom:
        return ()
    return tuple(_risks(dicom, frames))


def _risks(dicom: Mapping[str, Json], frames: list[Mapping[str, Json]]) -> Iterator[str]:
    burned_in = dicom.get("BurnedInAnnotation")
    if burned_in == "YES":
        yield "BurnedInAnnotation is YES"
    elif burned_in != "NO" and (kind := _burned_in_kind(dicom)):
        yield f"{kind} without BurnedInAnnotation NO"
    image_type = [str(part).upper() for part in _listed(dicom.get("ImageType"))]
    if image_type[:2] == ["DERIVED", "SECONDARY"] and burned_in != "NO":
        yield "a derived secondary image"
    if _SCREEN_SAVES.intersection(image_type):
        yield "a screen save"
    if any(_is_overlay_bit(key) and isinstance(value, int) and value > 0 for key, value in dicom.items()):
        yield "an overlay in unused bits of the pixels"
    stored, allocated = dicom.get("BitsStored"), dicom.get("BitsAllocated")
    if isinstance(stored, int) and isinstance(allocated, int) and stored < allocated:
        highest = max((_number(frame.get("MaxPixelValue")) for frame in frames), default=0)
        if highest >= 1 << stored:
            yield "pixel values beyond BitsStored"
    if _nested_pixels(dicom):
        yield "pixel data inside a sequence"


def _burned_in_kind(dicom: Mapping[str, Json]) -> str:
    modality = dicom.get("Modality")
    if isinstance(modality, str) and modality in _BURNED_IN_MODALITIES:
        return f"modality {modality}"
    sop_class = str(dicom.get("SOPClassUID") or "")
    below = sop_class.removeprefix(_SOP_ROOT)
    if below != sop_class and any(
        below == each or below.startswith(f"{each}.") for each in _BURNED_IN_CLASSES
    ):
        return "a secondary capture, ultrasound, endoscopy, photograph or document"
    return "video" if str(dicom.get("TransferSyntaxUID") or "") in _VIDEO else ""


def _is_overlay_bit(key: str) -> bool:
    return key == "OverlayBitPosition" or (len(key) == 8 and key[:2] == "60" and key[4:] == "0102")


def _nested_pixels(dicom: Mapping[str, Json]) -> bool:
    stack: list[Json] = [value for value in dicom.values() if isinstance(value, list)]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            if "PixelData" in value:
                return True
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(each for each in value if isinstance(each, dict | list))
    return False


def _listed(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _number(value: Json) -> float:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else 0
