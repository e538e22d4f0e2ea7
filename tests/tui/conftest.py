"""What the tests of the terminal interface share: a pinned environment, goldens, and image sets to look at."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.seen import Golden


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--regenerate-goldens", action="store_true", help="write tests/tui/goldens anew from what is seen"
    )


@pytest.fixture(autouse=True)
def _pinned(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The same colours, clock zone and folders whoever runs the tests."""
    for name in ("NO_COLOR", "TEXTUAL_DRIVER", "TEXTUAL_THEME", "CURATOR_STORE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("CURATOR_HOME", str(tmp_path / "home"))


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compares what is on the screen with a text file of the test's name."""
    try:
        write = bool(request.config.getoption("--regenerate-goldens"))
    except ValueError:  # the option is not there when the run began outside tests/tui
        write = False
    return Golden(Path(__file__).parent / "goldens" / f"{request.node.name}.txt", write=write)
