"""A dummy is valid for its attribute: its VR, and as many values as it must have."""

from __future__ import annotations

import pytest

from curator.deid.dummies import dummy, dummy_item
from curator.dicom.dictionary import attributes, key_of_tag, tag_of_key, vrs
from curator.dicom.iods import iod_of
from curator.dicom.vr import element_problem

TWO_MINDED = 0x00100047
"""A UR of VM 1-n in PS3.6, while PS3.5 6.2 gives UR one value."""
SR = "1.2.840.10008.5.1.4.1.1.88.11"
ECG = "1.2.840.10008.5.1.4.1.1.9.1.1"


def test_the_dummy_of_every_attribute_is_valid() -> None:
    wrong = [
        key_of_tag(tag)
        for tag in attributes()
        for vr in vrs(tag)[:1]
        if vr not in ("SQ", "UI")
        and tag >> 16 != 2
        and tag != TWO_MINDED
        and element_problem(tag, dummy(tag, vr)) is not None
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("sop_class", "sequence"), [(SR, "ContentSequence"), (ECG, "WaveformAnnotationSequence")]
)
def test_a_dummy_item_is_valid_for_its_macro(sop_class: str, sequence: str) -> None:
    assert iod_of(sop_class) is not None
    tag = tag_of_key(sequence)
    assert tag is not None
    item = dummy_item(sop_class, (tag,), "1.2.3")
    assert item
    assert element_problem(tag, [item]) is None
