"""The demo's files: real DICOM that ships with pydicom, and copies of it with faults planted on purpose.

What was planted is told by `seed`, so that tests can ask of every check and rule whether it finds all of it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom import DataElement, Dataset
    from pydicom.dataset import FileDataset


class Fault(StrEnum):
    """What is wrong with a planted element."""

    TORN_SERIES = "torn-series"
    """Instances of one series under a mistyped PatientID: the import makes two image sets of the series."""
    SPLIT_SERIES = "split-series"
    """Instances of one series under another AccessionNumber: two image sets again, but of one patient and study."""
    CONTRADICTION = "contradiction"
    """Two series of one study disagree on a patient attribute."""
    IDENTIFIER = "identifier"
    """A patient's name or number where no identifier belongs: free text, a sequence item, a private element."""
    INVALID_VALUE = "invalid-value"
    """A value that its VR does not allow."""
    MARKUP = "markup"
    """Text that would steer a terminal, or be taken for markup, if it were shown as it is."""


@dataclass(frozen=True, slots=True)
class Seeded:
    """One planted fault.

    ``files`` are names in the folder, ``instances`` their SOP Instance UIDs, ``element`` the path in the metadata
    document (as `curator.imageset.parse_path` reads it), ``planted`` the value there, ``original`` the one before.
    """

    fault: Fault
    files: tuple[str, ...]
    instances: tuple[str, ...]
    series: str
    element: str
    planted: str
    original: str = ""


PLAIN = (
    "CT_small.dcm",
    "MR_small.dcm",
    "examples_overlay.dcm",
    "examples_palette.dcm",
    "examples_ybr_color.dcm",
    "waveform_ecg.dcm",
    "rtplan.dcm",
    "reportsi.dcm",
    "liver_1frame.dcm",
)
"""Files without a planted fault: each modality once, with and without pixels."""

MENDED: dict[str, Callable[[FileDataset], None]] = {
    "CT_small.dcm": lambda data: _date_as_study(data),
    "6154": lambda data: setattr(data, "PatientAge", "099Y"),
    "6247": lambda data: setattr(data, "PatientAge", "099Y"),
    "liver_1frame.dcm": lambda data: setattr(data, "NumberOfFrames", 1),
    "reportsi.dcm": lambda data: _point_somewhere(data),
}
"""What is wrong in pydicom's own files and must not be in a clean part: dates, an age, a number of frames, UIDs."""

SERIES = "dicomdirtests/98892001/CT5N"
STUDY = "dicomdirtests/77654033"

BORN = "19010302"
NAME, NUMBER = "Mustermann^Erika", "MRN-4711-0815"
"""The identifiers that are planted, and whose they are."""


def seed(folder: Path) -> list[Seeded]:
    """Write the demo's files into the folder and return what was planted in them."""
    source = _bundled()
    for name in PLAIN:
        if name in MENDED:
            _read(source / name).save_as(folder / name)
        else:
            (folder / name).write_bytes((source / name).read_bytes())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the planted values are wrong on purpose
        return [
            *_torn_series(folder, source / SERIES),
            *_split_series(folder, source / STUDY / "CT2"),
            *_contradiction(folder, source / STUDY),
            *_identifiers(folder, source / "CT_small.dcm"),
            *_invalid(folder, source / "MR_small.dcm"),
            *_markup(folder, source / "MR_small.dcm"),
        ]


def _bundled() -> Path:
    import pydicom

    return Path(pydicom.__file__).parent / "data" / "test_files"


def _read(path: Path) -> FileDataset:
    from pydicom import dcmread

    data = dcmread(path)
    if path.name in MENDED:
        MENDED[path.name](data)
    return data


def _date_as_study(data: FileDataset) -> None:
    """Let nothing of the study be older than it."""
    for keyword in ("SeriesDate", "AcquisitionDate", "ContentDate"):
        setattr(data, keyword, data.StudyDate)


def _point_somewhere(data: FileDataset) -> None:
    """Give references well-formed UIDs in place of ``0``."""

    def mend(data: Dataset, element: DataElement) -> None:
        if element.VR == "UI" and element.value == "0":
            capture = "1.2.840.10008.5.1.4.1.1.7"
            element.value = capture if element.keyword == "ReferencedSOPClassUID" else f"{root}.1"

    root = str(data.StudyInstanceUID)[:60]
    data.walk(mend)


def _torn_series(folder: Path, series: Path) -> list[Seeded]:
    """The last two of five slices get a letter O for the zero of their PatientID."""
    slices = sorted(series.iterdir())
    torn = []
    for file in slices:
        data = _read(file)
        original = str(data.PatientID)
        if file in slices[-2:]:
            data.PatientID = original.replace("0", "O", 1)
            torn.append(data)
        data.save_as(folder / f"slice-{file.name}.dcm")
    files = tuple(f"slice-{file.name}.dcm" for file in slices[-2:])
    return [_told(Fault.TORN_SERIES, files, torn, "Patient/PatientID", str(torn[0].PatientID), original)]


def _split_series(folder: Path, series: Path) -> list[Seeded]:
    """The last of four slices has a letter at the end of its AccessionNumber."""
    slices = sorted(series.iterdir())
    for file in slices:
        data = _read(file)
        original = str(data.AccessionNumber)
        data.PatientBirthDate, data.PatientAge = BORN, "094Y"
        if file == slices[-1]:
            data.AccessionNumber = f"{original}B"
        data.save_as(folder / f"head-{file.name}.dcm")
    files = (f"head-{slices[-1].name}.dcm",)
    return [_told(Fault.SPLIT_SERIES, files, [data], "Study/AccessionNumber", f"{original}B", original)]


def _contradiction(folder: Path, study: Path) -> list[Seeded]:
    """Two radiographs of one study; the second has the birth date's month and day exchanged."""
    first, second = _read(study / "CR1" / "6154"), _read(study / "CR2" / "6247")
    first.PatientBirthDate, second.PatientBirthDate = BORN, "19010203"
    first.save_as(folder / "radiograph-1.dcm")
    second.save_as(folder / "radiograph-2.dcm")
    files = ("radiograph-2.dcm",)
    return [_told(Fault.CONTRADICTION, files, [second], "Patient/PatientBirthDate", "19010203", BORN)]


def _identifiers(folder: Path, file: Path) -> list[Seeded]:
    """One CT with a name in free text, in a nested item, and in a private element; a number in a description."""
    from pydicom import Dataset

    data = _renamed(_read(file), "planted")
    comment, described = f"{NAME.replace('^', ' ')}, seen twice", f"CT for {NUMBER}"
    original = str(data.get("StudyDescription", ""))
    data.PatientName, data.PatientID = NAME, NUMBER
    data.ImageComments = comment
    data.StudyDescription = described
    item = Dataset()
    item.ScheduledProcedureStepDescription = f"Follow-up of {NAME}"
    data.RequestAttributesSequence = [item]
    data.private_block(0x0099, "CURATOR DEMO", create=True).add_new(0x01, "LO", NAME)
    data.save_as(folder / "planted.dcm")
    nested = "Series[*]/RequestAttributesSequence[0]/ScheduledProcedureStepDescription"
    places = (
        ("Instances[*]/ImageComments", comment, ""),
        ("Study/StudyDescription", described, original),
        (nested, f"Follow-up of {NAME}", ""),
        ('Instances[*]/(0099,"CURATOR DEMO",1001)', NAME, ""),
    )
    return [
        _told(Fault.IDENTIFIER, ("planted.dcm",), [data], element, planted, before)
        for element, planted, before in places
    ]


def _invalid(folder: Path, file: Path) -> list[Seeded]:
    data = _renamed(_read(file), "invalid")
    original = str(data.get("PatientSex", "") or "")
    data.PatientSex = "FEMALE?"
    data.save_as(folder / "invalid.dcm")
    return [_told(Fault.INVALID_VALUE, ("invalid.dcm",), [data], "Patient/PatientSex", "FEMALE?", original)]


def _markup(folder: Path, file: Path) -> list[Seeded]:
    data = _renamed(_read(file), "markup")
    planted = "[bold red]not markup[/] \x1b[31mnot red\x1b[0m"
    data.ImageComments = planted
    data.save_as(folder / "markup.dcm")
    return [_told(Fault.MARKUP, ("markup.dcm",), [data], "Instances[*]/ImageComments", planted)]


def _renamed(data: FileDataset, role: str) -> FileDataset:
    """Give a copy study, series and instance UIDs of its own: the same ones in every run."""
    from pydicom.uid import generate_uid

    new: Callable[[str], str] = lambda level: generate_uid(entropy_srcs=["curator demo", role, level])  # noqa: E731
    data.StudyInstanceUID, data.SeriesInstanceUID, data.SOPInstanceUID = map(
        new, ("study", "series", "instance")
    )
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    return data


def _told(
    fault: Fault,
    files: tuple[str, ...],
    data: Sequence[Dataset],
    element: str,
    planted: str,
    original: str = "",
) -> Seeded:
    instances = tuple(str(one.SOPInstanceUID) for one in data)
    return Seeded(fault, files, instances, str(data[0].SeriesInstanceUID), element, planted, original)
