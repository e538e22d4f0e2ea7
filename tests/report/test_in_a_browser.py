"""The HTML report in a real browser: it asks nobody for anything, can be read, and goes onto paper."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import Browser, Page
from tests.cli.conftest import Curator

PAPER = round(178 / 25.4 * 96)
"""CSS pixels between the margins of A4."""


@pytest.fixture
def written(on_demo: Curator, tmp_path: Path) -> Path:
    """The report of a publication of the demo's image sets."""
    project = ("--project", tmp_path / "project")
    on_demo(*project, "deidentify", "--profile", "research", "--report", tmp_path / "report.html")
    return tmp_path / "report.html"


@pytest.fixture
def page(written: Path, browser: Browser) -> Iterator[Page]:
    opened = browser.page(written.as_uri())
    yield opened
    opened.go("about:blank#")


def test_a_privacy_officer_reads_it(page: Page, written: Path, tmp_path: Path) -> None:
    shown = page.see("Verified: everything that was checked holds.")
    for text in (
        "published as copies without what identifies the persons; the originals were not changed",
        "Image sets left alone",
        "Copies held against the originals",
        "no name, number, date or UID that identifies the person in the originals stands in the copies",
        "Samples: the shape of what was changed",
        "113100\tBasic Application Confidentiality Profile",
        "What lies outside this tool's reach",
        "AWS CloudTrail data events",
        "Ledger check",
        "Carried out by (name, date, signature)",
        "Reviewed by (name, date, signature)",
    ):
        assert text in shown, text
    assert page.run("document.querySelectorAll('figure svg rect').length") >= 6
    assert page.run("document.querySelector('svg rect').getBoundingClientRect().width") > 20
    assert [each for each in page.requests if not each.startswith((written.as_uri(), "about:"))] == []
    assert page.complaints == []
    page.picture(tmp_path / "report.png")
    assert (tmp_path / "report.png").stat().st_size > 20_000


def test_it_goes_onto_paper(page: Page, tmp_path: Path) -> None:
    page.call("Emulation.setEmulatedMedia", {"media": "print"})
    page.call(
        "Emulation.setDeviceMetricsOverride",
        {"width": PAPER, "height": 1000, "deviceScaleFactor": 1, "mobile": False},
    )
    wider = """[...document.querySelectorAll('body *')]
        .filter(each => each.getBoundingClientRect().right > innerWidth + 1 && !each.closest('svg'))
        .map(each => each.tagName + ' ' + each.textContent.slice(0, 60))"""
    assert page.run(wider) == []
    page.pdf(tmp_path / "report.pdf")
    content = (tmp_path / "report.pdf").read_bytes()
    assert content.startswith(b"%PDF-")
    pages = len(re.findall(rb"/Type\s*/Page\b", content))
    assert 4 < pages < 30


def test_it_would_say_so_if_it_asked_for_anything(page: Page) -> None:
    page.run("document.body.insertAdjacentHTML('beforeend', '<img src=\"http://outside.test/x.png\">')")
    page.wait("document.images.length === 1")
    assert "Content Security Policy" in " ".join(page.complaints)
    assert page.run("document.images[0].naturalWidth") == 0
