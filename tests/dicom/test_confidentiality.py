"""PS3.15 Annex E as data agrees with the tables it was generated from."""

from __future__ import annotations

import json

import pytest

from curator.dicom import confidentiality
from curator.dicom.confidentiality import Option
from tests.generate import confidentiality as generator
from tests.tools import ROOT, shared


def test_the_generated_module_is_what_the_generator_writes() -> None:
    shared("standard")
    assert generator.generate() == (ROOT / generator.TARGET).read_text(encoding="utf-8")


def test_every_row_of_e_1_1_carries_its_actions() -> None:
    rows = json.loads(shared("standard", "ps315_e1.json").read_text())["rows"]
    ours = {row.tag: row for row in confidentiality.table().rows}
    assert len(ours) == len(rows) == 657
    for row in rows:
        mine = ours[row["tag"]]
        options = {generator.OPTIONS[column]: action for column, action in row["options"].items() if action}
        assert (mine.basic, dict(mine.options)) == (row["basic"], options)


@pytest.mark.parametrize(
    ("tag", "row"),
    [
        (0x00100010, "00100010"),
        (0x50103000, "50xxxxxx"),
        (0x60023000, "60xx3000"),
        (0x60024000, "60xx4000"),
        (0x00091001, "PRIVATE"),
        (0x00090010, "PRIVATE"),
    ],
)
def test_a_row_is_found_by_tag_by_mask_and_for_private_elements(tag: int, row: str) -> None:
    found = confidentiality.table().row(tag)
    assert found is not None
    assert found.tag == row


@pytest.mark.parametrize("tag", [0x00280010, 0x60020010, 0x7FE00010])
def test_attributes_without_a_row_have_none(tag: int) -> None:
    assert confidentiality.table().row(tag) is None


def test_options_are_named_by_cid_7050() -> None:
    assert {str(option) for option in Option} | {"113100"} == set(confidentiality.CID_7050)


def test_a_private_attribute_is_safe_in_any_block_of_its_creator_only() -> None:
    assert confidentiality.safe_private(0x7053, "Philips PET Private Group", 0x1000) == ("DS", "1")
    assert confidentiality.safe_private(0x7053, "PHILIPS PET PRIVATE GROUP ", 0x4200) == ("DS", "1")
    assert confidentiality.safe_private(0x7053, "Somebody Else", 0x1000) is None
    assert confidentiality.safe_private(0x7055, "Philips PET Private Group", 0x1000) is None


def test_content_item_concepts_are_found_by_scheme_and_code() -> None:
    accession = confidentiality.concept("DCM", "121022", "TEXT")
    assert accession is not None
    assert accession.basic == "X"
    assert confidentiality.concept("DCM", "no such code", "TEXT") is None
