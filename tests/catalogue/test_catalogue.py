"""The catalogue's file: documents come back as they went in, rows say what lists show, nothing is left behind."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.catalogue import Catalogue, State, Where
from curator.checks.cases import document, instance
from curator.dicom import Json
from curator.errors import UsageError
from curator.imageset import ImageSetMetadata
from curator.imageset.compare import same
from tests.catalogue.stores import filled, summary
from tests.tools import ROOT, shared

_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_ELEMENTS = st.dictionaries(st.text(min_size=1, max_size=12), _JSON, max_size=4)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, object]:
    """Documents of the service's shape, with members that no edition has named yet."""
    extra = draw(st.dictionaries(st.sampled_from(["SchemaVersion", "DatastoreID", "New"]), _JSON))
    series = draw(
        st.dictionaries(
            st.text(max_size=6),
            st.builds(
                lambda dicom, instances, more: {"DICOM": dicom, "Instances": instances, **more},
                _ELEMENTS,
                st.dictionaries(
                    st.text(max_size=6),
                    st.builds(lambda dicom: {"DICOM": dicom, "DICOMVRs": {}}, _ELEMENTS),
                    max_size=3,
                ),
                st.dictionaries(st.just("More"), _JSON),
            ),
            max_size=3,
        )
    )
    return {
        **extra,
        "Patient": {"DICOM": draw(_ELEMENTS), **draw(st.dictionaries(st.just("More"), _JSON))},
        "Study": {"DICOM": draw(_ELEMENTS), "Series": series},
    }


@given(doc=documents())
def test_a_document_comes_back_as_it_went_in(
    tmp_path_factory: pytest.TempPathFactory, doc: dict[str, object]
) -> None:
    with Catalogue.open(tmp_path_factory.mktemp("catalogue"), "d" * 32) as catalogue:
        catalogue.put(summary("a" * 32), msgspec.json.encode(doc))
        text = catalogue.shelf.document("a" * 32, 1)
    assert text is not None
    assert msgspec.json.decode(text) == doc


def test_a_real_answer_of_the_service_gives_a_row(tmp_path: Path) -> None:
    blob = shared("data", "ahi_pairs", "aws-samples_usdoppler.json").read_bytes()
    with Catalogue.open(tmp_path, "d" * 32) as catalogue:
        catalogue.put(summary("a" * 32), blob)
        row = catalogue.row("a" * 32)
        kept = catalogue.document("a" * 32)
    assert row is not None
    assert kept is not None
    assert same(kept, ImageSetMetadata.parse(blob))
    assert row.read
    assert row.modality == "US"
    assert row.instances >= 1
    assert row.frames >= 1
    assert row.version == 1


def test_old_versions_stay_readable_and_share_what_is_equal(tmp_path: Path) -> None:
    first = document(*(instance(number) for number in range(1, 50)))
    second: dict[str, Json] = {**first, "Patient": {"DICOM": {"PatientID": "changed"}}}
    with Catalogue.open(tmp_path, "d" * 32) as catalogue:
        catalogue.put(summary("a" * 32), msgspec.json.encode(first))
        parts = catalogue.shelf.one("SELECT count(*) FROM part")
        catalogue.put(summary("a" * 32, version=2), msgspec.json.encode(second))
        assert catalogue.shelf.one("SELECT count(*) FROM part") == parts + 1
        old, new = catalogue.document("a" * 32, 1), catalogue.document("a" * 32)
        row = catalogue.row("a" * 32)
    assert old is not None
    assert new is not None
    assert same(old, ImageSetMetadata.from_json(first))
    assert same(new, ImageSetMetadata.from_json(second))
    assert row is not None
    assert (row.version, row.patient_id, row.instances) == (2, "changed", 49)


def test_the_file_is_its_owners_alone_and_purge_leaves_nothing(tmp_path: Path) -> None:
    catalogue = filled(tmp_path, [document()])
    files = list(tmp_path.iterdir())
    assert files
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    catalogue.purge()
    assert list(tmp_path.iterdir()) == []


_CLOSES = """
import sys
from pathlib import Path
from curator.catalogue import Catalogue
with Catalogue.open(Path(sys.argv[1]), "d" * 32) as catalogue:
    print(len(catalogue.rows()))
"""


def test_a_program_that_closes_it_leaves_what_another_goes_on_writing(tmp_path: Path) -> None:
    """SQLite's locks are the process's: a file opened beside it and closed again would take them away."""

    def elsewhere() -> str:
        words = [sys.executable, "-c", _CLOSES, str(tmp_path)]
        return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()

    with Catalogue.open(tmp_path, "d" * 32) as catalogue:
        Catalogue.open(tmp_path, "d" * 32).close()  # the same file once more in this process
        assert elsewhere() == "0"
        one = msgspec.json.encode({**document(), "ImageSetID": "a" * 32})
        catalogue.put(summary("a" * 32), one, State("ACTIVE", "CREATED", "", None))
        assert elsewhere() == "1"
    assert elsewhere() == "1"


def test_a_file_of_another_format_is_made_anew(tmp_path: Path) -> None:
    with filled(tmp_path, [document()]) as catalogue:
        catalogue.shelf.run("PRAGMA user_version=99")
    with Catalogue.open(tmp_path, "d" * 32) as catalogue:
        assert catalogue.rows() == []


def test_rows_sort_both_ways_and_facets_count(tmp_path: Path) -> None:
    samples = [
        document(series={"SeriesNumber": text, "Modality": m})
        for text, m in (("10", "CT"), ("9", "MR"), ("1", "CT"))
    ]
    with filled(tmp_path, samples) as catalogue:
        assert [row.series_number for row in catalogue.rows(sort="number")] == ["1", "9", "10"]
        assert [row.series_number for row in catalogue.rows(sort="-number")] == ["10", "9", "1"]
        assert [row.series_number for row in catalogue.rows(sort="number", limit=1, offset=1)] == ["9"]
        ct = Where.parse("modality:CT")
        assert [row.series_number for row in catalogue.rows(ct, "number", limit=1, offset=1)] == ["10"]
        assert catalogue.facets()["modality"] == [("CT", 2), ("MR", 1)]
        with pytest.raises(UsageError, match="sorted by"):
            catalogue.rows(sort="colour")


def test_conflicts_are_counted_on_each_row(tmp_path: Path) -> None:
    calm = document(
        patient={"PatientID": "other"},
        study={"StudyInstanceUID": "1.9"},
        series={"SeriesInstanceUID": "1.9.1"},
    )
    with filled(tmp_path, [document(), document(study={"StudyDescription": "differs"}), calm]) as catalogue:
        # its series says different things, and so does its study
        assert [row.conflicts for row in catalogue.rows(sort="id")] == [2, 2, 0]


def test_the_state_of_a_set_is_what_was_noted_last(tmp_path: Path) -> None:
    with Catalogue.open(tmp_path, "d" * 32) as catalogue:
        blob = msgspec.json.encode(document())
        catalogue.put(summary("a" * 32), blob, State("LOCKED", "UPDATING", "", None))
        catalogue.put(summary("a" * 32, version=2), blob, State("ACTIVE", "UPDATED", "", True))
        row = catalogue.row("a" * 32)
    assert row is not None
    assert (row.state, row.status, row.primary, row.version) == ("ACTIVE", "UPDATED", True, 2)
