"""What the tests of rule files share: a table, and rules written short."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from curator.dicom import Json
from curator.findings import Absent
from curator.imageset import ImageSetMetadata
from curator.rulefile import BASE, Problem, RuleFile, Vocabulary, load, read

TABLES = {"examples.csv": "old_id,new_id,baseline\nA-1,SUBJ001,20200101\nA-2,SUBJ002,\n"}


def file_text(*rules: str) -> str:
    """Return a rule file of rules given by their fields; ids r1, r2, … unless a rule brings its own."""
    text = "version: 1\nname: tested\nwhy: To test.\nrules:\n"
    for number, rule in enumerate(rules, 1):
        body = textwrap.dedent(rule).strip()
        if body.startswith("{"):
            body = body.removeprefix("{").removesuffix("}")
            head = "" if body.startswith("id:") else f"id: r{number}, "
            text += f"  - {{{head}why: To test., {body}}}\n"
            continue
        head = "" if body.startswith("id:") else f"id: r{number}\n"
        body = f"{head}why: To test.\n{body}"
        text += "  - " + textwrap.indent(body, "    ").lstrip() + "\n"
    return text


def rules(*texts: str, vocabulary: Vocabulary = BASE) -> RuleFile:
    """Return the rule file of these rules."""
    return load(file_text(*texts), "tested.yaml", files=TABLES.__getitem__, vocabulary=vocabulary)


def problems(*texts: str) -> list[str]:
    """Return the problems of these rules as lines."""
    return [one.text("tested.yaml") for one in found(file_text(*texts))]


def found(text: str) -> tuple[Problem, ...]:
    """Return the problems of a file's text."""
    return read(text, "tested.yaml", files=TABLES.__getitem__)[1]


def document(
    patient: Mapping[str, Json] | None = None,
    study: Mapping[str, Json] | None = None,
    series: Mapping[str, Json] | None = None,
    *instances: Mapping[str, Json],
    vrs: Mapping[str, Json] | None = None,
) -> ImageSetMetadata:
    """Return a document of one series."""
    nodes: dict[str, Json] = {
        f"1.2.{number}": {"DICOM": dict(one), "DICOMVRs": dict(vrs or {}), "ImageFrames": []}
        for number, one in enumerate(instances or ({},), 1)
    }
    tree: dict[str, Json] = {
        "SchemaVersion": "1.1",
        "DatastoreID": "d" * 32,
        "ImageSetID": "a" * 32,
        "Patient": {"DICOM": dict(patient or {})},
        "Study": {
            "DICOM": dict(study or {}),
            "Series": {"1.1": {"DICOM": dict(series or {}), "Instances": nodes}},
        },
    }
    return ImageSetMetadata.from_json(tree)


def changes(file: RuleFile, doc: ImageSetMetadata, *given: object) -> dict[str, Json | str]:
    """Return the new value of every changed element by its path's text; ``"ABSENT"`` for a removed one."""
    return {
        str(change.path): "ABSENT" if isinstance(change.after, Absent) else change.after
        for change in file.evaluate(doc, *given)
    }
