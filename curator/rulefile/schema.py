"""The JSON Schema of rule files, for editors; made from the definitions that the loader reads by.

It takes YAML as editors read it, typed scalars included, so it cannot say all that the loader says: whether a
keyword exists, a pattern compiles, an action suits a VR. What it refuses, the loader refuses too.
"""

from __future__ import annotations

from curator.dicom import Json
from curator.rulefile.actions.items import item_schema
from curator.rulefile.clauses import condition_schema
from curator.rulefile.docs import summary
from curator.rulefile.reading import _CASE_FIELDS, FILE_FIELDS, RULE_FIELDS, VERSION
from curator.rulefile.selectors import selection_schema
from curator.rulefile.shapes import TEXT_SCHEMA, Filled, Schema, Word, fields_of, record_schema
from curator.rulefile.vocabulary import BASE, Vocabulary


def schema(vocabulary: Vocabulary = BASE) -> Schema:
    """Return the schema of a rule file in this vocabulary (JSON Schema 2020-12)."""
    file = record_schema(FILE_FIELDS)
    properties = file["properties"]
    required = file["required"]
    assert isinstance(properties, dict)
    assert isinstance(required, list)
    properties["version"] = {
        "enum": [VERSION, int(VERSION)],
        "description": "the version of this file format",
    }
    properties["rules"] = {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/rule"}}
    for key, told in vocabulary.sections.items():
        properties[key] = told.shape.schema() | {"description": told.doc}
    parts: list[Json] = [{"required": [key]} for key in ("rules", *vocabulary.sections)]
    rule = record_schema(RULE_FIELDS)
    for part in (properties, rule["properties"]):
        assert isinstance(part, dict)
        named = part["id" if "id" in part else "name"]
        assert isinstance(named, dict)
        named["pattern"] = "^[a-z0-9][a-z0-9-]{0,63}$"
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "curator rule file",
        **file,
        "required": [*required, *(["rules"] if len(parts) == 1 else [])],
        **({"anyOf": parts} if len(parts) > 1 else {}),
        "$defs": {
            "rule": rule,
            "selection": selection_schema(dict(vocabulary.selectors)),
            "condition": condition_schema(dict(vocabulary.conditions)),
            "action": _action_schema(dict(vocabulary.actions)),
            "case": record_schema(_CASE_FIELDS),
            "elements": _elements_schema(),
            "item": item_schema(),
        },
    }


def _action_schema(words: dict[str, type[Word]]) -> Schema:
    alone: list[Json] = [
        name for name, word in words.items() if not any(required for _, required in fields_of(word).values())
    ]
    properties: Schema = {
        name: Filled(word).schema() | {"description": summary(word)}
        for name, word in words.items()
        if fields_of(word)
    }
    spelled: Schema = {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }
    return {"anyOf": [{"enum": alone}, spelled]}


def _elements_schema() -> Schema:
    several: Schema = {"type": "array", "items": {"anyOf": [dict(TEXT_SCHEMA), {"$ref": "#/$defs/elements"}]}}
    with_vr: Schema = {
        "type": "object",
        "properties": {"vr": {"type": "string"}, "value": {"anyOf": [dict(TEXT_SCHEMA), several]}},
        "required": ["vr", "value"],
        "additionalProperties": False,
    }
    return {"type": "object", "additionalProperties": {"anyOf": [dict(TEXT_SCHEMA), several, with_vr]}}
