"""A DICOM file as the service keeps it: keys, levels, encodings, character sets, private elements."""

from __future__ import annotations

import base64
import json
import math
import struct
import warnings
import zlib
from collections.abc import Iterator

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian
from pydicom.valuerep import PersonName

from curator.dicom import Json, dictionary
from curator.dicom.levels import Level, level_of
from curator.localstore.dicomfile import decode as decoding
from curator.localstore.dicomfile.decode import DecodedFile, decode
from curator.localstore.dicomfile.refusal import ImportException, RefusedFile
from tests.localstore.dicomfiles import bundled, data_set, file_bytes, pydicoms, shared_files
from tests.tools import shared

TEXTS = {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UR", "UT"}


def refusal(data: bytes) -> str:
    with pytest.raises(RefusedFile) as caught:
        decode(data)
    return caught.value.reason


def reason_of(data: bytes) -> str:
    """Return why a file is refused; nothing where it is read."""
    try:
        decode(data)
    except RefusedFile as refused:
        return refused.reason
    return ""


def element(tag: int, vr: bytes, value: bytes) -> bytes:
    """Return one explicit little endian element, in the long form where the VR has it."""
    head = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, vr)
    if vr in (b"OB", b"OW", b"SQ", b"UN", b"UT", b"UC"):
        return head + struct.pack("<HI", 0, len(value)) + value
    return head + struct.pack("<H", len(value)) + value


def part10(body: bytes, syntax: bytes = b"1.2.840.10008.1.2.1\0") -> bytes:
    """Return a file of a transfer syntax and raw bytes."""
    return b"\0" * 128 + b"DICM" + element(0x00020010, b"UI", syntax) + body


# ── the service's own answer ──────────────────────────────────────────────────────────────────────────


def kind(value: Json) -> object:
    """Return how a value is encoded, without the value."""
    if isinstance(value, list):
        return ["items", *({"object"} if value and isinstance(value[0], dict) else map(kind, value[:1]))]
    return type(value).__name__


def test_an_answer_of_the_service_agrees_in_level_value_and_encoding() -> None:
    answer = json.loads(shared("data", "ahi_pairs", "aws-samples_usdoppler.json").read_bytes())
    ours = decode(shared("data", "ahi_pairs", "usdoppler_sibling.dcm").read_bytes())
    assert ours.patient == answer["Patient"]["DICOM"]
    assert ours.study == answer["Study"]["DICOM"]
    (series,) = answer["Study"]["Series"].values()
    assert ours.series == series["DICOM"]
    answered: dict[str, set[str]] = {}
    for instance in series["Instances"].values():
        assert instance["DICOMVRs"] == {key: ours.vrs.get(key, "UN") for key in instance["DICOMVRs"]}
        for key, value in instance["DICOM"].items():
            answered.setdefault(key, set()).add(repr(kind(value)))
    unlike = {
        key
        for key, value in ours.instance.items()
        if key in answered and value is not None and repr(kind(value)) not in answered[key] | {"'NoneType'"}
    }
    assert not unlike
    assert set(ours.instance) - set(answered) <= {
        "ReferencedImageSequence",
        "StopTrim",
        "ViewName",
        "ViewNumber",
    }


# ── against pydicom, file by file ─────────────────────────────────────────────────────────────────────


def expected(found: Dataset) -> Iterator[tuple[int, str, Json]]:
    """Iterate over a data set's elements as pydicom reads them, each as the document should hold it."""
    for tag in list(found.keys()):  # a data set itself iterates over its elements
        if tag & 0xFFFF == 0 or tag == 0xFFFCFFFC:
            continue
        if tag == 0x7FE00010:
            yield int(tag), "OW", None
            continue
        one = found[tag]
        yield int(tag), one.VR, document_value(int(tag), one.VR, one.value)


def document_value(tag: int, vr: str, value: object) -> Json:
    if vr == "SQ":
        assert isinstance(value, Sequence)
        items: list[Json] = [{dictionary.key_of_tag(t): v for t, _, v in expected(item)} for item in value]
        return items or None
    if value is None or value == "" or value == b"" or (isinstance(value, MultiValue | list) and not value):
        return "" if vr == "UN" and dictionary.is_private(tag) else None
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    many = isinstance(value, MultiValue | list)
    values = [one_value(vr, one) for one in (value if isinstance(value, MultiValue | list) else [value])]
    if dictionary.is_private(tag):
        return values if many else values[0]
    if dictionary.multi_valued(tag):
        return values
    # VM 1: text with a backslash is one text; numbers that are several are kept all.
    if many and vr in TEXTS:
        return "\\".join(str(one) for one in values)
    return values if many else values[0]


def one_value(vr: str, value: object) -> Json:
    if vr in ("DS", "IS"):
        return str(getattr(value, "original_string", value)).strip()
    if vr == "AT":
        return f"{int(str(value)) if isinstance(value, str) else int(value):08X}"  # type: ignore[call-overload]
    if isinstance(value, PersonName):
        return str(value).rstrip(" \0")
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if vr == "AE":
        return str(value).strip(" \0")
    return str(value).rstrip(" \0") if vr in TEXTS else value  # type: ignore[return-value]


@pytest.mark.parametrize("which", ["pydicom", "shared"])
def test_every_element_of_every_file_has_pydicoms_value_at_its_level(which: str) -> None:
    paths = list(bundled() if which == "pydicom" else shared_files())
    if not paths:
        pytest.skip("../shared/data is not here")
    different, compared = [], 0
    for path in paths:
        try:
            ours = decode(path.read_bytes())
        except RefusedFile:
            continue  # test_outcomes says which files and why
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = pydicom.dcmread(path)
            found = [*expected(theirs.file_meta), *expected(theirs)]
        different += [(path.name, *one) for one in unlike(ours, found)]
        compared += 1
    assert not different
    assert compared > 80


def unlike(ours: DecodedFile, found: list[tuple[int, str, Json]]) -> Iterator[tuple[str, str]]:
    """Iterate over the keys, with VR, that are not as found, and those that were not found at all."""
    levels = {
        Level.PATIENT: dict(ours.patient),
        Level.STUDY: dict(ours.study),
        Level.SERIES: dict(ours.series),
        Level.INSTANCE: dict(ours.instance),
    }
    for tag, vr, value in found:
        key = dictionary.key_of_tag(tag)
        kept = levels[level_of(tag)].pop(key, "absent")
        if vr == "PN" and isinstance(kept, str):
            kept = kept.rstrip("=")  # pydicom drops empty component groups at the end
        if ours.vrs.get(key) == "UN" and vr != "UN":
            continue  # pydicom asks its private dictionary for VRs; here they are UN, as in the service's answer
        if kept != value:
            yield key, vr
    for level in levels.values():
        for key in level:
            yield key, "not in the file"


# ── encodings, one by one ─────────────────────────────────────────────────────────────────────────────


def decoded(**attributes: object) -> DecodedFile:
    return decode(file_bytes(data_set(**attributes)))


def test_a_vm_beyond_one_is_always_a_list_and_a_vm_of_one_never() -> None:
    ours = decoded(SoftwareVersions="1.06", ImageType=["ORIGINAL", "PRIMARY", ""], StudyDescription="a")
    assert ours.series["SoftwareVersions"] == ["1.06"]
    assert ours.instance["ImageType"] == ["ORIGINAL", "PRIMARY", ""]
    assert ours.study["StudyDescription"] == "a"


def test_what_is_empty_is_null_but_a_private_un_is_empty_text() -> None:
    made = data_set(PatientName="", ImageType=None, ReferencedImageSequence=[])
    made.add_new(0x00091001, "UN", b"")
    made.add_new(0x00091002, "LO", "")
    ours = decode(file_bytes(made))
    assert ours.patient["PatientName"] is None
    assert ours.instance["ImageType"] is None
    assert ours.instance["ReferencedImageSequence"] is None
    assert ours.instance["00091001"] == ""
    assert ours.instance["00091002"] is None


def test_numbers_are_numbers_integral_ones_integers_and_decimal_strings_stay_text() -> None:
    ours = decoded(
        Rows=7,
        PhysicalUnitsXDirection=3,
        ReferencePixelX0=-5,
        PhysicalDeltaX=2.0,
        PhysicalDeltaY=0.07937499999068676,
        PatientWeight="070.50 ",
        InstanceNumber=" 12",
    )
    assert ours.instance["Rows"] == 7
    assert ours.instance["ReferencePixelX0"] == -5
    assert ours.instance["PhysicalDeltaX"] == 2
    assert isinstance(ours.instance["PhysicalDeltaX"], int)
    assert ours.instance["PhysicalDeltaY"] == 0.07937499999068676
    assert ours.study["PatientWeight"] == "070.50"
    assert ours.instance["InstanceNumber"] == "12"


def test_numbers_that_json_cannot_write_are_text() -> None:
    ours = decoded(PhysicalDeltaX=math.nan, PhysicalDeltaY=math.inf, ReferencePixelPhysicalValueX=-math.inf)
    assert ours.instance["PhysicalDeltaX"] == "NaN"
    assert ours.instance["PhysicalDeltaY"] == "inf"
    assert ours.instance["ReferencePixelPhysicalValueX"] == "-inf"


def test_tags_are_eight_hex_digits_and_bytes_are_base64() -> None:
    ours = decoded(FrameIncrementPointer=0x00181065, ICCProfile=b"\x00\xff")
    assert ours.instance["FrameIncrementPointer"] == ["00181065"]
    assert ours.instance["ICCProfile"] == "AP8="


def test_private_elements_stand_at_the_instance_under_hex_with_their_vrs() -> None:
    made = data_set()
    block = made.private_block(0x0019, "TESTED", create=True)
    block.add_new(0x01, "DS", ["1", "2"])
    block.add_new(0x02, "US", 5)
    block.add_new(0x03, "SQ", [data_set(PatientID="inner")])
    ours = decode(file_bytes(made))
    assert ours.instance["00190010"] == "TESTED"
    assert ours.instance["00191001"] == ["1", "2"]
    assert ours.instance["00191002"] == 5
    inner = ours.instance["00191003"]
    assert isinstance(inner, list)
    assert isinstance(inner[0], dict)
    assert inner[0]["PatientID"] == "inner"
    assert ours.vrs == {"00190010": "LO", "00191001": "DS", "00191002": "US", "00191003": "SQ"}


def test_without_private_elements_the_vrs_are_empty() -> None:
    assert decoded().vrs == {}


def test_private_elements_of_implicit_vr_are_un_and_their_creators_text() -> None:
    made = data_set()
    made.private_block(0x0019, "TESTED", create=True).add_new(0x01, "DS", "1")
    ours = decode(file_bytes(made, ImplicitVRLittleEndian))
    assert ours.instance["00190010"] == "TESTED"
    assert ours.instance["00191001"] == base64.b64encode(b"1 ").decode()
    assert ours.vrs == {"00190010": "LO", "00191001": "UN"}


def test_a_standard_element_newer_than_2022b_stands_under_hex() -> None:
    newer = next(
        tag for tag in dictionary.attributes()
        if tag >> 16 == 0x0018 and not dictionary.is_private(tag) and dictionary.key_of_tag(tag) == f"{tag:08X}"
        and dictionary.vrs(tag) == ("CS",)
    )  # fmt: skip
    ours = decode(part10(element(newer, b"CS", b"YES ")))
    key = f"{newer:08X}"
    value = ["YES"] if dictionary.multi_valued(newer) else "YES"
    assert ours.instance == {"TransferSyntaxUID": "1.2.840.10008.1.2.1", key: value}
    assert ours.vrs == {key: "CS"}


def test_group_lengths_and_trailing_padding_are_no_attributes() -> None:
    body = element(0x00080000, b"UL", b"\0\0\0\0") + element(0x00080060, b"CS", b"CT")
    ours = decode(part10(body + element(0xFFFCFFFC, b"OB", b"\0\0\0\0")))
    assert ours.series == {"Modality": "CT"}
    assert set(ours.instance) == {"TransferSyntaxUID"}


def test_a_known_element_as_un_is_read_by_the_dictionary() -> None:
    item = struct.pack("<HHI", 0xFFFE, 0xE000, 12) + struct.pack("<HHI", 0x0008, 0x0100, 4) + b"1234"
    ours = decode(part10(element(0x00081032, b"UN", item) + element(0x00100020, b"UN", b"ab")))
    assert ours.study["ProcedureCodeSequence"] == [{"CodeValue": "1234"}]
    assert ours.patient["PatientID"] == "ab"


def test_all_uncompressed_transfer_syntaxes_read_alike() -> None:
    made = data_set(
        PatientName="A^B", ReferencePixelX0=-70_000, PhysicalDeltaX=0.5, FrameIncrementPointer=0x00181065,
        RedPaletteColorLookupTableDescriptor=[256, 0, 16], ReferencedImageSequence=[data_set()],
    )  # fmt: skip
    made.SmallestImagePixelValue = 3
    made.PixelRepresentation = 0
    read = [
        decode(file_bytes(made, syntax))
        for syntax in (
            "1.2.840.10008.1.2.1", ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian
        )
    ]  # fmt: skip
    for one in read:
        del one.instance["TransferSyntaxUID"]
    assert all(
        (one.patient, one.study, one.series) == (read[0].patient, read[0].study, read[0].series)
        for one in read
    )
    assert all(one.instance == read[0].instance for one in read)


def test_in_implicit_vr_the_pixel_representation_decides_signs() -> None:
    made = data_set(PixelRepresentation=1)
    made.add_new(0x00280120, "SS", -2000)
    assert decode(file_bytes(made, ImplicitVRLittleEndian)).series["PixelPaddingValue"] == -2000


@pytest.mark.parametrize(
    ("terms", "raw", "text"),
    [
        (b"ISO_IR 100", b"M\xfcller ", "Müller"),
        (b"ISO-IR 100", b"M\xfcller ", "Müller"),
        (b"ISO_IR 192", "李^".encode() + b"\xff", "李^\ufffd"),
        (b"GB18030 ", "王^小东".encode("gb18030"), "王^小东"),
        (b"GBK ", "王^小东 ".encode("gbk"), "王^小东"),
        (b"ISO_IR 13 ", b"\xd4\xcf\xc0\xde", "ﾔﾏﾀﾞ"),
        (b"ISO_IR 166", "ไทย ".encode("tis_620"), "ไทย"),
        (b"\\ISO 2022 IR 87", b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B", "Yamada^Tarou=山田^太郎"),
        (b"\\ISO 2022 IR 149 ", b"Hong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce ", "Hong=洪^吉"),
        (b"\\ISO 2022 IR 58 ", b"Zhang=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1", "Zhang=张^小"),
        (b"WRONG ", b"M\xfcller ", "Müller"),
    ],
)
def test_every_character_set_becomes_unicode(terms: bytes, raw: bytes, text: str) -> None:
    body = element(0x00080005, b"CS", terms) + element(0x00100010, b"PN", raw)
    assert decode(part10(body)).patient["PatientName"] == text


def test_an_item_may_have_a_character_set_of_its_own() -> None:
    inner = element(0x00080005, b"CS", b"ISO_IR 192") + element(0x00080104, b"LO", "ö".encode())
    item = struct.pack("<HHI", 0xFFFE, 0xE000, len(inner)) + inner
    body = element(0x00080005, b"CS", b"ISO_IR 100") + element(0x00081032, b"SQ", item)
    ours = decode(part10(body + element(0x00100010, b"PN", b"\xf6 ")))
    assert ours.study["ProcedureCodeSequence"] == [
        {"SpecificCharacterSet": ["ISO_IR 192"], "CodeMeaning": "ö"}
    ]
    assert ours.patient["PatientName"] == "ö"


def test_the_character_set_holds_for_text_that_stands_before_it_too() -> None:
    body = element(0x00041130, b"CS", b"SET ") + element(0x00041141, b"CS", b"A\\B ")
    body += element(0x00051001, b"LO", "ö".encode()) + element(0x00080005, b"CS", b"ISO_IR 192")
    assert decode(part10(body)).instance["00051001"] == "ö"


# ── what is refused ───────────────────────────────────────────────────────────────────────────────────


def test_what_is_not_part_10_is_refused_with_a_reason() -> None:
    assert "not DICOM P10" in refusal(b"")
    assert "not DICOM P10" in refusal(b"\x1f\x8b" * 500)
    assert "not DICOM P10" in refusal(pydicoms("no_meta.dcm"))
    assert refusal(b"\0" * 128 + b"DICM") == "DICOM attributes does not exist"
    assert refusal(pydicoms("meta_missing_tsyntax.dcm")) == "DICOM attribute TransferSyntaxUID does not exist"
    assert refusal(pydicoms("rtplan_truncated.dcm")) == "the file ends inside an element"


def test_a_length_beyond_the_file_is_refused() -> None:
    huge = struct.pack("<HH2sHI", 0x0009, 0x1001, b"OB", 0, 0xFFFFFFF0)
    assert refusal(part10(huge)) == "the file ends inside an element"


def test_sequences_without_end_are_refused() -> None:
    opened = struct.pack("<HH2sHI", 0x0008, 0x1032, b"SQ", 0, 0xFFFFFFFF)
    opened += struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    assert refusal(part10(opened * 10_000)) == "sequences are nested deeper than 64"
    assert "ends inside" in refusal(part10(opened))


def test_a_deflated_bomb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "MAX_INFLATED", 2**20)
    packer = zlib.compressobj(9, wbits=-15)
    bomb = packer.compress(b"\0" * 2**22) + packer.flush()
    with pytest.raises(RefusedFile) as caught:
        decode(part10(bomb, b"1.2.840.10008.1.2.1.99"))
    assert caught.value.kind == ImportException.QUOTA


def test_more_attributes_than_a_document_may_hold_are_refused() -> None:
    with pytest.raises(RefusedFile) as caught:
        decode(part10(element(0x00420011, b"OB", b"\0" * (65 * 2**20))))
    assert caught.value.kind == ImportException.QUOTA


def test_no_reason_holds_a_value() -> None:
    made = file_bytes(data_set(PatientName="SECRET^NAME", PatientID="SECRET-ID"))
    reasons = {reason_of(made[:cut]) for cut in range(132, len(made), 7)}
    assert len(reasons) > 2
    assert not any("SECRET" in reason for reason in reasons)


def test_an_encrypted_file_is_refused() -> None:
    from cryptography.fernet import Fernet

    plain = pydicoms("CT_small.dcm")
    hidden = Fernet(Fernet.generate_key()).encrypt(plain[132:])
    assert refusal(plain[:132] + hidden)
