"""Structured content is cleaned item by item, by concept name (PS3.15 Table E.3.4-1)."""

from __future__ import annotations

from typing import Any

import pytest

from curator.deid.content import content_code
from curator.deid.engine import Engine
from curator.deid.keyed import Keyed
from curator.deid.profile import Profile
from curator.deid.subject import Subject
from curator.dicom import Json
from curator.dicom.confidentiality import Option

SR = "1.2.840.10008.5.1.4.1.1.88.33"


def item(value_type: str, code: str, scheme: str = "DCM", **values: Any) -> dict[str, Json]:
    name = {"CodeValue": code, "CodingSchemeDesignator": scheme, "CodeMeaning": "a concept"}
    return {
        "RelationshipType": "CONTAINS",
        "ValueType": value_type,
        "ConceptNameCodeSequence": [name],
        **values,
    }


def profile(*options: Option) -> Profile:
    return Profile("test", frozenset({Option.CLEAN_STRUCTURED_CONTENT, *options}))


@pytest.mark.parametrize(
    ("made", "options", "code"),
    [
        (item("TEXT", "121022"), (), "X"),  # Accession Number
        (item("TEXT", "999999", "99LOCAL"), (), "C"),
        (item("PNAME", "999999", "99LOCAL"), (), "D"),
        (item("NUM", "999999", "99LOCAL"), (), ""),
        (item("CONTAINER", "999999", "99LOCAL"), (), ""),
        (item("IMAGE", "113795"), (), "D"),  # Acquired Image
        (item("IMAGE", "113795"), (Option.RETAIN_UIDS,), "K"),
        (item("DATE", "126201"), (), "X"),  # Acquisition Date
        (item("DATE", "126201"), (Option.RETAIN_FULL_DATES,), "K"),
        (item("DATE", "126201"), (Option.RETAIN_MODIFIED_DATES,), "C"),
    ],
)
def test_the_concept_decides_and_else_the_value_type(
    made: dict[str, Json], options: tuple[Option, ...], code: str
) -> None:
    assert content_code(made, profile(*options)) == code


def test_a_tree_keeps_its_shape_and_loses_what_identifies(keyed: Keyed) -> None:
    tree: list[Json] = [
        item("TEXT", "121022", TextValue="A-4711"),
        item("TEXT", "1", "99LOCAL", TextValue="nodule of Mrs. Doe in upper lobe"),
        item("PNAME", "2", "99LOCAL", PersonName="Doe^Jane"),
        item("NUM", "3", "99LOCAL", MeasuredValueSequence=[{"NumericValue": ["5"]}]),
        item("CONTAINER", "4", "99LOCAL", ContentSequence=[item("TEXT", "5", "99LOCAL", TextValue="Doe")]),
    ]
    about = Subject("x", "PSEUDO", -10)
    about.lexicon.add_name("Doe^Jane")
    out = Engine(profile(), keyed).apply({"ContentSequence": tree}, about, sop_class=SR)["ContentSequence"]
    assert isinstance(out, list)
    kinds = [each["ValueType"] for each in out if isinstance(each, dict)]
    assert kinds == ["TEXT", "PNAME", "NUM", "CONTAINER"]
    assert "Doe" not in str(out)
    assert out[0]["TextValue"] == "nodule of Mrs in upper lobe"  # type: ignore[index,call-overload]
    assert out[2]["MeasuredValueSequence"] == [{"NumericValue": ["5"]}]  # type: ignore[index,call-overload]


def test_without_the_option_the_content_is_one_dummy_item(keyed: Keyed) -> None:
    tree: list[Json] = [item("TEXT", "1", "99LOCAL", TextValue="Doe")]
    out = Engine(Profile("basic"), keyed).apply(
        {"ContentSequence": tree}, Subject("x", "P", -1), sop_class=SR
    )
    assert "Doe" not in str(out)
    assert isinstance(out["ContentSequence"], list)
    assert len(out["ContentSequence"]) == 1
