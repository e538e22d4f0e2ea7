"""Levels: where the guide's lists and a real answer put an attribute."""

from __future__ import annotations

import csv
import json

from curator.dicom.dictionary import key_of_tag, tag_of_key
from curator.dicom.levels import GROUPING, LEVEL_TAGS, Level, level_of
from tests.tools import shared


def test_an_attribute_is_on_the_level_of_the_guides_list() -> None:
    with shared("standard", "normalization_levels.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    assert {int(row["tag"], 16): row["level"] for row in rows} == {
        tag: str(level) for level, tags in LEVEL_TAGS.items() for tag in tags
    }
    for row in rows:
        assert key_of_tag(int(row["tag"], 16)) == row["keyword"]


def test_what_no_list_names_is_the_instances() -> None:
    assert level_of(0x00080018) is Level.INSTANCE  # SOPInstanceUID
    assert level_of(0x00020010) is Level.INSTANCE  # file meta
    assert level_of(0x00091001) is Level.INSTANCE  # private


def test_a_real_answer_has_its_attributes_there() -> None:
    tree = json.loads(shared("data", "ahi_pairs", "aws-samples_usdoppler.json").read_text())
    series = next(iter(tree["Study"]["Series"].values()))
    nodes = [(Level.PATIENT, tree["Patient"]), (Level.STUDY, tree["Study"]), (Level.SERIES, series)]
    nodes += [(Level.INSTANCE, instance) for instance in series["Instances"].values()]
    for level, node in nodes:
        for key in node["DICOM"]:
            tag = tag_of_key(key)
            assert tag is not None
            assert level_of(tag) is level, key


def test_seven_elements_group_image_sets() -> None:
    assert {key_of_tag(tag): level for tag, level in GROUPING.items()} == {
        "StudyDate": Level.STUDY,
        "AccessionNumber": Level.STUDY,
        "PatientID": Level.PATIENT,
        "StudyInstanceUID": Level.STUDY,
        "StudyID": Level.STUDY,
        "SeriesInstanceUID": Level.SERIES,
        "SeriesNumber": Level.SERIES,
    }
    assert all(level_of(tag) is level for tag, level in GROUPING.items())
