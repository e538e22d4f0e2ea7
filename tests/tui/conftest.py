"""What the tests of the terminal interface share: a pinned environment, goldens, and image sets to look at."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from curator.healthimaging import HealthImaging
from curator.stores import open_store
from tests.tui.imagesets import write_files
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


@pytest.fixture(scope="session")
def _template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with real files imported by the service's own operation, once; tests work on copies."""
    folder = tmp_path_factory.mktemp("template")
    bucket = folder / "bucket"
    (bucket / "in").mkdir(parents=True)
    write_files(bucket / "in")
    opened = open_store(f"local:{folder / 'store'}", buckets={"bucket": bucket})
    try:
        job = opened.imaging.start_import(
            "tui", "s3://bucket/in/", "s3://bucket/out/", "arn:aws:iam::123456789012:role/tests"
        )
        opened.imaging.wait_for_import(job)
    finally:
        opened.close()
    return folder / "store"


@pytest.fixture
def store(_template: Path, tmp_path: Path) -> str:
    """The ``--store`` form of a store of one's own with `imagesets.write_files` in it."""
    folder = tmp_path / "store"
    shutil.copytree(_template, folder)
    return f"local:{folder}"


@pytest.fixture
def imaging(store: str) -> Iterator[HealthImaging]:
    """Another program's door to the same store."""
    opened = open_store(store)
    yield opened.imaging
    opened.close()
