"""Documents for the tests of this room: a real answer of the service, a small one, and any at all."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import strategies as st

from curator.imageset import ImageSetMetadata
from tests.tools import shared

Tree = dict[str, Any]


def answer() -> Tree:
    """Return a published answer of the real service."""
    tree: Tree = json.loads(shared("data", "ahi_pairs", "aws-samples_usdoppler.json").read_bytes())
    return tree


def instance(sop: str, *, frames: tuple[str, ...] = (), **dicom: Any) -> Tree:
    return {
        "DICOM": {"SOPInstanceUID": sop, "SOPClassUID": "1.2.840.10008.5.1.4.1.1.2", **dicom},
        "DICOMVRs": {},
        "ImageFrames": [{"ID": frame, "FrameSizeInBytes": 2} for frame in frames],
    }


_SMALL: Tree = {
    "SchemaVersion": "1.1",
    "DatastoreID": "d" * 32,
    "ImageSetID": "a" * 32,
    "Patient": {"DICOM": {"PatientName": "ANON^ONE", "PatientID": "1"}},
    "Study": {
        "DICOM": {"StudyInstanceUID": "1.2", "StudyDate": "20200101"},
        "Series": {
            "1.2.1": {
                "DICOM": {"SeriesInstanceUID": "1.2.1", "Modality": "CT"},
                "Instances": {
                    "1.2.1.1": instance(
                        "1.2.1.1",
                        frames=("f1",),
                        InstanceNumber="1",
                        PixelRepresentation=1,
                        SmallestImagePixelValue=-5,
                        ImageType=["ORIGINAL", "PRIMARY"],
                        ReferencedImageSequence=[
                            {"ReferencedSOPClassUID": "1.2.840.10008.5.1.4.1.1.2", "ReferencedSOPInstanceUID": "9.1"},
                            {"ReferencedSOPClassUID": "1.2.840.10008.5.1.4.1.1.2", "ReferencedSOPInstanceUID": "9.2"},
                        ],
                        **{"00190010": "GEMS_ACQU_01", "001910F9": "4"},
                    )
                    | {"DICOMVRs": {"00190010": "LO", "001910F9": "DS"}},
                    "1.2.1.2": instance(
                        "1.2.1.2",
                        frames=("f2",),
                        InstanceNumber="2",
                        **{"00190010": "OTHER", "00190011": ["GEMS_ACQU_01"], "001911F9": "5"},
                    )
                    | {"DICOMVRs": {"00190010": "LO", "00190011": "LO", "001911F9": "DS"}},
                },
            },
            "1.2.2": {
                "DICOM": {"SeriesInstanceUID": "1.2.2", "Modality": "SR"},
                "Instances": {"1.2.2.1": instance("1.2.2.1", InstanceNumber="1")},
            },
        },
    },
}  # fmt: skip


def small() -> Tree:
    return copy.deepcopy(_SMALL)


def document(tree: Tree) -> ImageSetMetadata:
    """Return the document of ``tree`` as the service would send it: bytes, unparsed within."""
    return ImageSetMetadata.parse(json.dumps(tree).encode())


# Few keys, few UIDs and values that Python takes for equal, so that two documents meet in many places.
_KEYS = st.sampled_from(["PatientName", "ImageType", "00191001", "", "a/b", "m~n", "0", "é"])
_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, 1, -1, 2**63, 0.0, -0.0, 1.0, 1.5, "", "1", "A", "漢"]),
    st.integers(-(2**40), 2**40),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=3),
)
_MULTI = st.lists(_SCALARS, max_size=3)
_VALUES = st.recursive(
    _SCALARS | _MULTI,
    lambda inner: (
        st.lists(st.dictionaries(_KEYS, inner, max_size=3), max_size=4) | st.lists(inner, max_size=2)
    ),
    max_leaves=6,
)
_DICOM = st.dictionaries(_KEYS, _VALUES, max_size=4)
_FRAMES = st.lists(st.fixed_dictionaries({"ID": st.sampled_from("pqrstuvw")}), max_size=2)
_INSTANCE = st.fixed_dictionaries(
    {"DICOM": _DICOM}, optional={"DICOMVRs": _DICOM, "ImageFrames": _FRAMES, "More": _VALUES}
)
_UIDS = st.sampled_from(["1.1", "1.2", "1.3", "1.4", "1.5"])
_SERIES = st.fixed_dictionaries(
    {"DICOM": _DICOM, "Instances": st.dictionaries(_UIDS, _INSTANCE, max_size=3)}, optional={"More": _VALUES}
)
trees: st.SearchStrategy[Tree] = st.fixed_dictionaries(
    {
        "Patient": st.fixed_dictionaries({"DICOM": _DICOM}),
        "Study": st.fixed_dictionaries(
            {"DICOM": _DICOM, "Series": st.dictionaries(_UIDS, _SERIES, max_size=3)}
        ),
    },
    optional={"SchemaVersion": _SCALARS, "ImageSetID": st.just("a" * 32), "More": _VALUES},
)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Tree, Tree]:
    """Two versions: a second document, or the first with parts taken from a second and UIDs changed."""
    a, b = draw(trees), draw(trees)
    if draw(st.booleans()):
        return a, b
    after = copy.deepcopy(a)
    for level in ("Patient", "Study"):
        if draw(st.booleans()):
            after[level]["DICOM"] = b[level]["DICOM"]
    for uid in list(after["Study"]["Series"]):
        series = after["Study"]["Series"].pop(uid)
        after["Study"]["Series"][draw(_UIDS)] = series
        for sop in list(series["Instances"]):
            found = series["Instances"].pop(sop)
            series["Instances"][draw(_UIDS)] = found
            if draw(st.booleans()):
                found["DICOM"] = draw(_DICOM)
    return a, after
