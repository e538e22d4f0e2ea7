"""What a report's reader may not know: its words, and what each check asks, each in a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from curator.verify import Check

WORDS: Final[Mapping[str, str]] = {
    "image set": "what AWS HealthImaging keeps of a series of medical images: the metadata of all its instances (who, "
    "when, how it was taken) and the pixels. It has a patient, a study, a series and instances.",
    "version": "every change of an image set makes a new version; earlier ones stay readable. A copy begins anew at 1.",
    "element": "one entry of the metadata, such as PatientName; private elements are those that a manufacturer defines.",
    "plan": "the file that names every change and every call before anything is done. What was reviewed is exactly what "
    "was carried out: the SHA-256 digest above is the plan's, and the campaign is named after it.",
    "unit": "a part of the plan that is carried out as a whole or not at all, mostly one image set.",
    "ledger": "the record, written while it happened, of who did what and when. Each line is chained to the one before: "
    "a line that is changed or removed later breaks the chain, and a head kept elsewhere shows a cut end.",
    "verified": "read back from the data store afterwards, and found equal to what the plan foretold.",
}

CHECKS: Final[Mapping[Check, str]] = {
    Check.NO_IDENTIFIER: "no name, number, date or UID that identifies the person in the originals stands in the copies",
    Check.NO_PATTERN: "no text has the form of an identifier: an address, a telephone number, a date",
    Check.BINARY_IS_READ: "binary values were read as text; those that cannot be are named",
    Check.TEXT_REMOVED: "what had to be removed or replaced is not what it was",
    Check.TEXT_RETAINED: "what could stay is what it was",
    Check.TEXT_NOT_NULL: "what must have a value has one",
    Check.TAG_RETAINED: "what must be there is there",
    Check.DATE_SHIFTED: "all dates of a person moved by the same number of days",
    Check.UID_CHANGED: "unique identifiers are new",
    Check.UID_CONSISTENT: "equal identifiers became equal ones everywhere",
    Check.PATIENT_ID_CONSISTENT: "one person has one new patient number",
    Check.PIXELS_HIDDEN: "images that may show the person in their pixels were not published unseen",
    Check.PIXELS_RETAINED: "the pixels of what was published are those of the original",
    Check.INSTANCE_PUBLISHED: "every original instance was published, or left out for a stated reason",
    Check.REFERENCE_RESOLVES: "references between published instances lead to published instances",
    Check.REFERS_TO_LEFT_OUT: "references to instances that were left out",
    Check.MAP_IS_BIJECTIVE: "no two originals became the same, and none became two",
    Check.AS_DECIDED: "values that a reviewer decided about are as was decided",
    Check.PRIVATE_IS_SAFE: "private elements that stayed are known to be safe",
    Check.NOTHING_ADDED: "nothing was added that the method does not add",
    Check.REQUIRED_IS_THERE: "what DICOM requires of such images is there",
    Check.VALUE_IS_VALID: "every new value is valid DICOM",
    Check.MARKERS_ARE_TRUE: "the copies say themselves that, and how, they were de-identified",
    Check.NOT_FOUND_BY_ORIGINAL_ID: "searching the data store by original numbers does not find the copies",
    Check.WORKING_COPY_GONE: "working copies made on the way are deleted",
}
"""Every check has its sentence (a test holds it)."""

NAMES: Final[Mapping[Check, str]] = {
    Check.TAG_RETAINED: "element still there",
    Check.TEXT_NOT_NULL: "value not empty",
    Check.TEXT_RETAINED: "text kept",
    Check.TEXT_REMOVED: "text removed",
    Check.DATE_SHIFTED: "dates shifted",
    Check.UID_CHANGED: "UIDs changed",
    Check.UID_CONSISTENT: "UIDs consistent",
    Check.PATIENT_ID_CONSISTENT: "patient numbers consistent",
    Check.PIXELS_HIDDEN: "pixels hidden",
    Check.PIXELS_RETAINED: "pixels kept",
}
"""What people call the checks whose own names are the MIDI-B benchmark's; the others are named in words."""

PIXELS: Final = (
    "Pixels are never changed. Instances whose attributes say that the pixels may show who the person is are left out, "
    "unless a person looked at them and cleared them; so the options that clean pixels (113101, 113102) are never claimed."
)


def name(check: str) -> str:
    """Return what people call a check; its own name for one of an older or newer version."""
    return next((words for known, words in NAMES.items() if str(known) == check), check)


def sentence(check: str) -> str:
    """Return what a check asks; nothing for one of an older or newer version."""
    try:
        return CHECKS[Check(check)]
    except (KeyError, ValueError):
        return ""
