"""Findings as SARIF 2.1.0, the form that code scanners' viewers and CI systems read.

An image set has no file: its artifact's URI is ``image-set/ID?version=N``. Paths carry no UIDs, since SARIF files
travel; evidence stays out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from curator import __version__
from curator.checks import Check, sections, summary
from curator.findings import Finding

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def sarif(findings: Iterable[Finding], checks: Sequence[Check]) -> dict[str, object]:
    """Return the SARIF log of one run of these checks."""
    index = {check.code: number for number, check in enumerate(checks)}
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "curator",
                        "semanticVersion": __version__,
                        "rules": [_rule(check) for check in checks],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(finding, index) for finding in findings],
            }
        ],
    }


def _rule(check: Check) -> dict[str, object]:
    parts = sections(check)
    markdown = "\n\n".join(f"## {name}\n\n{text}" for name, text in parts.items() if name)
    return {
        "id": check.code,
        "name": "".join(word.capitalize() for word in check.name.split("-")),
        "shortDescription": {"text": summary(check)},
        "fullDescription": {"text": parts["What it does"].replace("\n", " ")},
        "help": {"text": markdown, "markdown": markdown},
        "defaultConfiguration": {"level": str(check.severity)},
        "properties": {"tags": ["dicom"]},
    }


def _result(finding: Finding, index: dict[str, int]) -> dict[str, object]:
    path = str(finding.path.generic()) if finding.path else ""
    fingerprint = hashlib.sha256(
        "\0".join((finding.code, path, *(i for i, _ in finding.image_sets))).encode()
    )
    result: dict[str, object] = {
        "ruleId": finding.code,
        "ruleIndex": index[finding.code],
        "level": str(finding.severity),
        "message": {
            "text": finding.message + (f" Proposal: {finding.proposal}." if finding.proposal else "")
        },
        "partialFingerprints": {"curatorFinding/v1": fingerprint.hexdigest()},
        "properties": {"safety": str(finding.safety)},
    }
    if finding.image_sets:
        first, *others = [_location(identifier, version, path) for identifier, version in finding.image_sets]
        result["locations"] = [first]
        if others:
            result["relatedLocations"] = [{"id": number, **each} for number, each in enumerate(others, 1)]
    return result


def _location(identifier: str, version: str, path: str) -> dict[str, object]:
    location: dict[str, object] = {
        "physicalLocation": {"artifactLocation": {"uri": f"image-set/{identifier}?version={version}"}}
    }
    if path:
        location["logicalLocations"] = [{"fullyQualifiedName": path, "kind": "element"}]
    return location
