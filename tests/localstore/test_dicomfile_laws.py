"""Laws of reading and writing files: whatever the bytes, a reason or a document; what is written reads back."""

from __future__ import annotations

import base64
import random
import struct
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.dicom import Json, dictionary
from curator.dicom.levels import level_of
from curator.localstore.dicomfile.decode import DecodedFile, decode
from curator.localstore.dicomfile.refusal import RefusedFile
from curator.localstore.dicomfile.writer import write_file
from curator.localstore.imports.reading import FileFailure, read_file
from curator.localstore.parsed import ParsedInstance
from tests.localstore.dicomfiles import bundled, pydicoms, shared_files
from tests.soak import soak_count, soak_seed

QUICK = settings(max_examples=60, deadline=None)
EXPLICIT = "1.2.840.10008.1.2.1"
CHANGED = {
    "TransferSyntaxUID",
    "MediaStorageSOPClassUID",
    "MediaStorageSOPInstanceUID",
    "FileMetaInformationVersion",
}
"""What a file says of its own encoding: it is true of each file, not carried over."""


def readable() -> list[Path]:
    found = []
    for path in (*bundled(), *shared_files()):
        try:
            decode(path.read_bytes())
        except RefusedFile:
            continue
        found.append(path)
    return found


def rewritten(file: DecodedFile) -> DecodedFile:
    levels = [file.patient, file.study, file.series, file.instance]
    return decode(write_file(levels, file.vrs, transfer_syntax=EXPLICIT))


def unlike(first: DecodedFile, second: DecodedFile) -> set[str]:
    """Return the keys that differ. A character set may become ISO_IR 192: the text is the same."""
    found: set[str] = set()
    for name in ("patient", "study", "series", "instance", "vrs"):
        before, after = getattr(first, name), getattr(second, name)
        for key in (before.keys() | after.keys()) - CHANGED:
            if before.get(key, "absent") != after.get(key, "absent"):
                found.add(key)
    if second.instance.get("SpecificCharacterSet") == ["ISO_IR 192"]:
        found.discard("SpecificCharacterSet")
    return found


def test_every_readable_file_is_written_and_read_back_the_same() -> None:
    checked = 0
    for path in readable():
        # An item with code extensions of its own: its text comes back, its SpecificCharacterSet as ISO_IR 192.
        allowed = {"RequestedProcedureCodeSequence"} if path.name == "chrSQEncoding.dcm" else set()
        file = decode(path.read_bytes())
        assert unlike(file, rewritten(file)) <= allowed
        checked += 1
    assert checked >= 90


STRINGS = st.text(st.characters(codec="utf-8", exclude_characters='\\\0', exclude_categories=["Cc", "Cs"]), max_size=20).map(
    lambda text: text.strip()
)  # fmt: skip
BYTES = st.binary(max_size=12).map(lambda raw: base64.b64encode(raw + b"\0" * (len(raw) % 2)).decode())
FINITE = st.floats(allow_nan=False, allow_infinity=False).map(
    lambda x: int(x) if x.is_integer() and abs(x) < 2**53 else x
)
VALUES: dict[str, st.SearchStrategy[Json]] = {
    "LO": STRINGS,
    "PN": STRINGS,
    "UT": STRINGS,
    "CS": st.text("ABC_ 1", max_size=8).map(str.strip),
    "DS": st.floats(-1e5, 1e5).map(lambda x: f"{x:.4f}"),
    "IS": st.integers(-9999, 9999).map(str),
    "UI": st.integers(0, 10**20).map(lambda n: f"1.2.{n}"),
    "DA": st.dates().map(lambda day: day.strftime("%Y%m%d").rjust(8, "0")),
    "US": st.integers(0, 0xFFFF),
    "UL": st.integers(0, 2**32 - 1),
    "SL": st.integers(-(2**31), 2**31 - 1),
    "FD": FINITE | st.sampled_from(["NaN", "inf", "-inf"]),
    "OB": BYTES.filter(bool),
    "AT": st.integers(0, 2**32 - 1).map(lambda tag: f"{tag:08X}"),
}
TAGS = {
    vr: [
        tag
        for tag in dictionary.attributes()
        if tag >> 16 not in (0, 2, 0x7FE0, 0xFFFC) and tag & 0xFFFF and tag != 0x00080005 and dictionary.vrs(tag) == (vr,)
        and tag != 0x00280103 and not dictionary.is_private(tag)
    ]
    for vr in [*VALUES, "SQ"]
}  # fmt: skip


@st.composite
def documents(draw: st.DrawFn, depth: int = 2) -> dict[str, Json]:
    """Draw a data set by document keys, each value as the service encodes it."""
    made: dict[str, Json] = {}
    for vr in draw(st.lists(st.sampled_from([*VALUES, "SQ"]), max_size=6)):
        if not TAGS[vr]:
            continue
        tag = draw(st.sampled_from(TAGS[vr]))
        value: Json
        if vr == "SQ":
            items: list[Json] = [*draw(st.lists(documents(depth - 1), max_size=2))] if depth else []
            value = items or None
        elif dictionary.multi_valued(tag) and vr not in ("OB", "UT"):
            listed = draw(st.lists(VALUES[vr], min_size=1, max_size=3))
            value = None if listed == [""] else [*listed[:-1], "x" if listed[-1] == "" else listed[-1]]
        else:
            value = draw(VALUES[vr])
            value = None if value == "" else value
        made[dictionary.key_of_tag(tag)] = value
    return made


@QUICK
@given(documents(), st.sampled_from([None, ["ISO_IR 100"], ["ISO_IR 192"], ["", "ISO 2022 IR 87"]]))
def test_any_document_is_written_and_read_back_the_same(
    values: dict[str, Json], terms: list[Json] | None
) -> None:
    if terms:
        values = {"SpecificCharacterSet": terms, **values}
    back = decode(write_file([values], {}, transfer_syntax=EXPLICIT))
    read = {**back.patient, **back.study, **back.series, **back.instance}
    for key in (*CHANGED, "SpecificCharacterSet"):
        read.pop(key, None)
        values.pop(key, None)
    assert read == values
    for key in back.patient.keys() | back.study.keys() | back.series.keys():
        tag = dictionary.tag_of_key(key)
        assert tag is not None
        assert level_of(tag).value != "Instances"


@QUICK
@given(documents())
def test_values_that_their_vr_cannot_hold_are_written_too(values: dict[str, Json]) -> None:
    wrong: dict[str, Json] = {
        "Rows": "seven",
        "PatientName": 5,
        "PhysicalDeltaX": "wide",
        "ICCProfile": "not base64!",
    }
    back = decode(write_file([values, wrong], {}, transfer_syntax=EXPLICIT))
    assert back.instance["Rows"] == "seven"
    assert back.patient["PatientName"] == "5"
    assert back.instance["PhysicalDeltaX"] == "wide"
    assert back.instance["ICCProfile"] == "not base64!"


@QUICK
@given(st.binary(max_size=400))
def test_any_bytes_are_a_document_or_a_reason(body: bytes) -> None:
    meta = struct.pack("<HH2sH", 2, 0x10, b"UI", 20) + b"1.2.840.10008.1.2.1\0"
    for data in (body, b"\0" * 128 + b"DICM" + body, b"\0" * 128 + b"DICM" + meta + body):
        try:
            outcome = decode(data).transfer_syntax
        except RefusedFile as refused:
            outcome = refused.reason
        assert outcome


def mutated(data: bytes, rng: random.Random) -> bytes:
    """Return the bytes with a few of them changed, cut out, doubled or moved: mostly in the header."""
    made = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        if not made:
            break
        at = rng.randrange(min(len(made), rng.choice((400, 4_000, len(made)))) or 1)
        match rng.randrange(6):
            case 0:
                made[at] = rng.randrange(256)
            case 1:
                made[at : at + 4] = rng.choice(
                    (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xfe\xff\0\xe0", b"\x7f\xff\xff\xff")
                )
            case 2:
                del made[at:]
            case 3:
                del made[at : at + rng.randrange(1, 9)]
            case 4:
                made[at:at] = made[at : at + rng.randrange(1, 64)]
            case _:
                made[at] ^= 1 << rng.randrange(8)
    return bytes(made)


SMALL = ("CT_small.dcm", "MR_small_implicit.dcm", "MR_small_bigendian.dcm", "image_dfl.dcm", "liver_1frame.dcm", "UN_sequence.dcm", "rtplan.dcm")  # fmt: skip


def test_broken_files_are_failures_never_crashes(tmp_path: Path) -> None:
    rng = random.Random(20)
    outcomes = {type(one) for name in SMALL for one in outcomes_of(tmp_path, pydicoms(name), rng, 12)}
    assert FileFailure in outcomes
    assert len(outcomes) == 2


def outcomes_of(
    folder: Path, data: bytes, rng: random.Random, count: int
) -> list[ParsedInstance | FileFailure]:
    path = folder / "file.dcm"
    found: list[ParsedInstance | FileFailure] = []
    for _ in range(count):
        path.write_bytes(mutated(data, rng))
        begun = time.monotonic()
        outcome = read_file(path, "file.dcm", lambda payload: "0" * 64)
        assert time.monotonic() - begun < 20
        found.append(outcome)
    return found


@pytest.mark.soak
def test_a_hundred_thousand_broken_files_are_failures_never_crashes(tmp_path: Path) -> None:
    """Uncompressed files here; compressed ones go to worker processes, see test_imports_workers."""
    rng = random.Random(soak_seed())
    sources = [pydicoms(name) for name in SMALL]
    sources += [path.read_bytes() for path in bundled() if path.stat().st_size < 20_000]
    rounds = soak_count(100_000)
    failures = 0
    for number in range(rounds):
        (outcome,) = outcomes_of(tmp_path, sources[number % len(sources)], rng, 1)
        failures += isinstance(outcome, FileFailure)
    assert 0 < failures < rounds
