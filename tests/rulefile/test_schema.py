"""The published schema takes what the loader takes, and refuses what it can say of what the loader refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from curator.deid.words import VOCABULARY
from curator.dicom import Json
from curator.rulefile import read, schema
from curator.rulefile.docs import example_file
from curator.rulefile.nodes import as_json, compose
from curator.rulefile.problems import Problems
from curator.ruleshelf import bundled, tables_beside
from tests.rulefile.support import TABLES, file_text

VALIDATOR = jsonschema.Draft202012Validator(schema(VOCABULARY))
EXAMPLES = {key: example_file(word) for key, (_, word) in VOCABULARY.words().items()}
BUNDLED = {name: path.read_text(encoding="utf-8") for name, path in bundled().items()}


def complaints(tree: object) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(tree)]


def as_text(text: str) -> object:
    return as_json(compose(text, Problems()))


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(schema(VOCABULARY))
    assert json.loads(json.dumps(schema(VOCABULARY))) == schema(VOCABULARY)


# libyaml (the loader's parser where it is installed) takes a little more than PyYAML's own: both are tried here.
@pytest.mark.parametrize("text", [*EXAMPLES.values(), *BUNDLED.values()], ids=[*EXAMPLES, *BUNDLED])
def test_it_takes_every_example_and_bundled_file_as_text_and_as_editors_type_it(text: str) -> None:
    assert complaints(as_text(text)) == []
    typed = json.loads(json.dumps(yaml.load(text, Loader=yaml.BaseLoader)))
    assert complaints(typed) == []
    assert complaints(json.loads(json.dumps(yaml.safe_load(text), default=str))) == []


@pytest.mark.parametrize(
    "rule",
    [
        "{select: PatientID}",
        "{do: remove}",
        "{select: [], do: remove}",
        "{select: {}, do: remove}",
        "{select: {nested: true}, do: remove}",
        "{select: {keywrd: PatientID}, do: remove}",
        "{select: {vr: XX}, do: remove}",
        "{select: {keyword: PatientID, create: perhaps}, do: remove}",
        "{select: PatientID, do: remov}",
        "{select: PatientID, do: truncate}",
        "{select: PatientID, do: {remove: x}}",
        "{select: PatientID, do: {case: uper}}",
        "{select: PatientID, do: {case: upper, pad: 3}}",
        "{select: PatientID, do: {truncate: many}}",
        "{select: PatientID, do: {replace: {pattern: a}}}",
        "{select: PatientID, do: {replace: {pattern: a, wiht: b}}}",
        "{select: PatientID, do: {lookup: {table: ../x.csv, by: a, take: b}}}",
        "{select: PatientID, do: {lookup: {table: x.txt, by: a, take: b}}}",
        "{select: PatientID, do: remove, when: {equls: x}}",
        "{select: PatientID, do: remove, when: {exists: maybe}}",
        "{select: PatientID, do: remove, when: {}}",
        "{select: PatientID, do: remove, safety: unsafe}",
        "{select: PatientID, do: remove, priority: high}",
        "{select: PatientID, do: remove, cases: [{after: {}}]}",
        "{select: PatientID, do: remove, cases: [{before: x}]}",
        "{select: PatientID, do: remove, colour: red}",
        "{id: Not An Id, select: PatientID, do: remove}",
    ],
)
def test_what_the_loader_refuses_for_its_shape_the_schema_refuses(rule: str) -> None:
    text = file_text(rule)
    assert read(text, "f", files=TABLES.__getitem__)[1]
    assert complaints(as_text(text))


def places(tree: object, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield at
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from places(value, (*at, key))
    elif isinstance(tree, list):
        for number, value in enumerate(tree):
            yield from places(value, (*at, number))


def without(tree: Json, at: tuple[str | int, ...], instead: Json) -> Json:
    """Return the tree with one place replaced, or removed (``instead`` is None)."""
    if not at:
        return instead
    head, rest = at[0], at[1:]
    if isinstance(tree, dict):
        changed = {
            key: without(value, rest, instead) if key == head else value for key, value in tree.items()
        }
        return {key: value for key, value in changed.items() if rest or key != head or instead is not None}
    assert isinstance(tree, list)
    items = [without(value, rest, instead) if number == head else value for number, value in enumerate(tree)]
    return [value for number, value in enumerate(items) if rest or number != head or instead is not None]


@given(st.sampled_from([*EXAMPLES.values(), *BUNDLED.values()]), st.data())
def test_what_the_schema_refuses_the_loader_refuses(text: str, data: st.DataObject) -> None:
    tree = json.loads(json.dumps(as_text(text)))
    at = data.draw(st.sampled_from([place for place in places(tree) if place]))
    others: list[Json] = [None, "x", "", [], {}, ["remove"], {"x": "y"}, {"any": []}]
    instead = data.draw(st.sampled_from(others))
    changed = without(tree, at, instead)
    if complaints(changed):
        files = {
            **TABLES,
            **{p.name: p.read_text() for path in bundled().values() for p in path.parent.glob("*.csv")},
        }
        broken = yaml.safe_dump(changed, default_style="'", width=5_000)
        assert read(broken, "changed.yaml", files=files.__getitem__)[1], broken


def test_tables_beside_a_bundled_file_are_found_and_no_others() -> None:
    table = tables_beside(bundled()["patient-ids"])
    assert table("patient-ids.csv").startswith("old_id")
    for name in ("nothing.csv", "../pyproject.toml", "/etc/passwd"):
        with pytest.raises(OSError):
            table(name)
