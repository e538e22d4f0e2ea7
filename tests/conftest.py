"""What all tests share: a home of their own, the project's own pytest plugin, and imported image sets."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from hypothesis import settings

from curator.demo_data import Seeded
from curator.stores import OpenStore, open_store
from tests.browser import Browser, browsing

_INSTALLED = any(found.value == "curator.pytest_plugin" for found in entry_points(group="pytest11"))
pytest_plugins = [] if _INSTALLED else ["curator.pytest_plugin"]

# A law holds or it does not; how long one example takes says what else the machine is doing.
settings.register_profile("laws", deadline=None)
settings.register_profile("quick", deadline=None, max_examples=25)
settings.load_profile("laws")


SLOW = frozenset(
    {
        "benchmarks",
        "test_bench",
        "test_attesting",
        "test_cluster",
        "test_cluster_attesting",
        "test_cluster_publishing",
        "test_crashes",
        "test_deidentify",
        "test_demo",
        "test_faults",
        "test_first_hour",
        "test_graphics",
        "test_hostile",
        "test_http_awscli",
        "test_http_faults",
        "test_importing",
        "test_imports_killed",
        "test_imports_workers",
        "test_in_a_browser",
        "test_keystrokes",
        "test_laws",
        "test_load",
        "test_markers",
        "test_memory",
        "test_on",
        "test_outcomes",
        "test_paging",
        "test_permissions",
        "test_predictions",
        "test_probes",
        "test_publications",
        "test_published_files",
        "test_publishing_routes",
        "test_publishing_series",
        "test_readme",
        "test_reimport",
        "test_republishing",
        "test_retained",
        "test_stopping",
        "test_terminal",
        "test_walk",
        "test_web",
    }
)
"""Modules whose tests start other programs or replay whole walks: the usual loop leaves them to CI."""


SCREENS = Path(__file__).parent / "tui" / "screens"
USUAL_SCREENS = frozenset({"test_image_sets", "test_versions"})
"""Every screen is walked through by tests of its own, half of all time: the usual loop makes do with these."""


def is_slow(path: Path) -> bool:
    """Say whether the usual loop leaves a module to CI."""
    return path.stem in SLOW or (path.parent == SCREENS and path.stem not in USUAL_SCREENS)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even import what the usual loop leaves out: a fifth of its time."""
    return True if "not slow" in config.option.markexpr and is_slow(collection_path) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of slow modules."""
    for item in items:
        if is_slow(item.path):
            item.add_marker("slow")


@pytest.fixture(scope="session", autouse=True)
def _home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep tests away from the person's own store, project and AWS configuration."""
    patch = pytest.MonkeyPatch()
    for name in list(os.environ):
        if name.startswith(("AWS_", "CURATOR_")) and name != "CURATOR_TEST_STORE":
            patch.delenv(name)
    patch.setenv("CURATOR_HOME", str(tmp_path_factory.mktemp("home")))
    patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    patch.setenv("AWS_CONFIG_FILE", os.devnull)
    patch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    yield
    patch.undo()


@pytest.fixture(scope="session")
def demo_files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Seeded]]:
    """The demo's DICOM files, and what was planted in them."""
    from curator.demo_data import seed

    folder = tmp_path_factory.mktemp("demo-files")
    return folder, seed(folder)


@pytest.fixture(scope="session")
def _demo_template(tmp_path_factory: pytest.TempPathFactory, demo_files: tuple[Path, list[Seeded]]) -> Path:
    """A store folder with the demo's files imported, made once."""
    from curator.buckets import FolderBucket
    from curator.cli.import_jobs import run_imports
    from curator.cli.sources import hard_link, sources

    root = tmp_path_factory.mktemp("demo-template")
    (root / "bucket").mkdir()
    store = open_store(f"local:{root / 'store'}", buckets={"bucket": root / "bucket"})
    found = sources([demo_files[0]], hard_link)
    role = "arn:aws:iam::000000000000:role/test"
    list(run_imports(store.imaging, FolderBucket("bucket", root / "bucket"), found, role=role, staging=root))
    store.close()
    return root / "store"


@pytest.fixture
def demo_folder(tmp_path: Path, _demo_template: Path) -> Path:
    """A store folder of the test's own, with the demo's files imported."""
    folder = tmp_path / "store"
    shutil.copytree(_demo_template, folder)
    return folder


@pytest.fixture
def demo_store(demo_folder: Path) -> Iterator[OpenStore]:
    """That folder, opened."""
    store = open_store(f"local:{demo_folder}")
    yield store
    store.close()


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One chromium for all tests that need one."""
    with browsing(tmp_path_factory.mktemp("browser")) as opened:
        yield opened
