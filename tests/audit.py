"""``python -m tests.audit``: holds every installed distribution against known vulnerabilities, by pip-audit (PyPA).

Asks PyPI's advisories, then OSV. A known vulnerability ends with 1, unless ADVISORIES explains, with an end to it, why
it does not concern the package. Without a network, or behind an index that knows no advisories, nothing is audited:
that is said where nobody overlooks it, and ends with `NOT_AUDITED`, which is neither good nor bad news.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

OWN: Final = "curator"
ADVISORIES: Final = Path(__file__).parent / "security" / "advisories.toml"
"""Explained advisories: ``[ID]`` with ``why`` it does not concern us and ``until`` when that is believed (a date)."""
SERVICES: Final = (("--vulnerability-service", "pypi"), ("--vulnerability-service", "osv"))
NOT_AUDITED: Final = 3
"""Exit code: nothing is known, but not everything was answered for."""
_FIRST: Final = "boto3"  # asked for first: where nobody answers for it, nobody is asked for the others


@dataclass(frozen=True, slots=True)
class Audit:
    """What is known of the installed distributions, each as ``name version``."""

    asked: int
    known: tuple[str, ...]
    unanswered: tuple[str, ...]
    stale: tuple[str, ...]
    """Explanations that are over, or of advisories that nobody has."""

    @property
    def text(self) -> str:
        """All of it in words."""
        lines = [f"known vulnerability: {each}" for each in self.known]
        lines += [f"{ADVISORIES.name}: {each}" for each in self.stale]
        answered = self.asked - len(self.unanswered)
        lines.append(
            f"{answered} of {self.asked} distributions audited; known vulnerabilities: {len(self.known)}"
        )
        if self.unanswered:
            more = "" if len(self.unanswered) < 9 else ", …"
            lines += [
                "",
                f"*** NOT AUDITED: {len(self.unanswered)} distributions, for which no advisory service answered: ***",
                f"*** {', '.join(self.unanswered[:8])}{more}",
                "",
            ]
        return "\n".join(lines)


def installed() -> list[str]:
    """Return the installed distributions as pins, without the package itself."""
    found = {each.name: each.version for each in metadata.distributions() if each.name}
    return [f"{name}=={version}" for name, version in sorted(found.items()) if name != OWN]


def answers(pins: Sequence[str], service: Sequence[str]) -> list[Mapping[str, Any]]:
    """Return pip-audit's word on each pin; nothing where the service cannot be reached."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as listed:
        listed.write("\n".join(pins))
        listed.flush()
        words = [
            "--requirement",
            listed.name,
            "--no-deps",
            "--disable-pip",
            "--format",
            "json",
            "--timeout",
            "10",
        ]
        ran = subprocess.run(
            [sys.executable, "-m", "pip_audit", *words, "--progress-spinner", "off", *service],
            capture_output=True,
            text=True,
            check=False,
        )
    try:
        found: list[Mapping[str, Any]] = json.loads(ran.stdout)["dependencies"]
    except (ValueError, KeyError):
        return []
    return [each for each in found if "skip_reason" not in each]


def judged(
    pins: Sequence[str],
    found: Sequence[Mapping[str, Any]],
    explained: Mapping[str, Mapping[str, Any]],
    today: date,
) -> Audit:
    """Return what the answers come to, under what is explained."""
    met: set[str] = set()
    known: list[str] = []
    for each in found:
        for advisory in each["vulns"]:
            ids = {advisory["id"], *advisory.get("aliases", ())}
            met |= ids
            if not any(identifier in explained for identifier in ids):
                mended = ", ".join(advisory.get("fix_versions") or ()) or "nothing yet"
                known.append(f"{advisory['id']} in {each['name']} {each['version']}, mended by {mended}")
    there = {_same(str(each["name"])) for each in found}
    unanswered = [pin.replace("==", " ") for pin in pins if _same(pin.partition("==")[0]) not in there]
    stale = [f"{name} has no reason" for name, said in explained.items() if not said.get("why")]
    stale += [
        f"{name} was believed until {said.get('until')}"
        for name, said in explained.items()
        if not isinstance(said.get("until"), date) or said["until"] < today
    ]
    if not unanswered:
        stale += [f"{name} is known of nothing that is installed" for name in explained if name not in met]
    return Audit(len(pins), tuple(known), tuple(unanswered), tuple(stale))


def _same(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def main(services: Sequence[Sequence[str]] = SERVICES, advisories: Path = ADVISORIES) -> int:
    """Audit what is installed and tell; 1 where something is known, or explained wrongly, `NOT_AUDITED` where too little is."""
    if find_spec("pip_audit") is None:
        print("pip-audit is not installed: pip install '.[dev]'", file=sys.stderr)
        return 2
    pins = installed()
    found: list[Mapping[str, Any]] = []
    for service in services:
        first = [pin for pin in pins if pin.startswith(f"{_FIRST}==")]
        if answers(first, service):
            found = answers(pins, service)
            break
    audit = judged(pins, found, tomllib.loads(advisories.read_text("utf-8")), datetime.now(UTC).date())
    print(audit.text)
    if audit.known or audit.stale:
        return 1
    return NOT_AUDITED if audit.unanswered else 0


if __name__ == "__main__":
    sys.exit(main())
