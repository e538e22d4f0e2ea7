"""Edits that one call cannot hold are planned, packed, verified, and can be undone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.campaign.ground import Ground, document, ground
from tests.cli.conftest import Curator, Ran


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    monkeypatch.delenv("CURATOR_STORE", raising=False)
    with ground() as made:
        yield made


@pytest.fixture
def at(place: Ground, curator: Curator) -> Callable[..., Ran]:
    def call(*words: object) -> Ran:
        return curator("--store", place.spec, "--project", place.project.root, *words)

    return call


def test_a_large_edit_takes_several_calls_and_is_undone(place: Ground, at: Callable[..., Ran]) -> None:
    image_set = place.add(document(150))
    words = ("set", image_set, f"Instances[*]/ImageComments={'c' * 200}")
    refused = at(*words)
    assert (refused.code, "--force" in refused.err) == (3, True)
    made = at(*words, "--force", "--json")
    assert made.code == 0, made.err
    assert int(made.json["version"]) > 4
    assert all("ImageComments" in one.dicom for _, _, one in place.imaging.document(image_set).instances())
    assert at("remove", image_set, "Instances[*]/ImageComments", "--force").code == 0
    assert not any(
        "ImageComments" in one.dicom for _, _, one in place.imaging.document(image_set).instances()
    )
    assert at("undo", "latest").code == 0
    assert all("ImageComments" in one.dicom for _, _, one in place.imaging.document(image_set).instances())


def test_removing_many_instances(place: Ground, at: Callable[..., Ran]) -> None:
    image_set = place.add(document(600))
    paths = [f"Instances[1.2.3.4.{number}]" for number in range(1, 600)]
    done = at("remove", image_set, *paths, "--force")
    assert done.code == 0, done.err
    assert place.imaging.document(image_set).instance_count == 1
