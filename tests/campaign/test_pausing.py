"""A run that is told to pause ends what it began and begins nothing; it goes on, or stops, when told so."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from curator.campaign.applying import apply
from curator.campaign.journal import Campaign, Status
from curator.errors import Cancelled
from tests.campaign.ground import WHO, Ground, change, document, ground


@pytest.fixture
def place() -> Iterator[Ground]:
    with ground() as made:
        yield made


@pytest.fixture
def campaign(place: Ground) -> Campaign:
    calm = change("Study/StudyDescription", "Head", "calm")
    return place.campaign(place.update(n, place.add(document(first=n + 1)), calm) for n in range(4))


def versions(place: Ground) -> list[str]:
    return [place.imaging.image_set(each).version for each in place.sets]


def test_nothing_is_begun_while_it_is_paused_and_what_was_begun_is_ended(
    place: Ground, campaign: Campaign
) -> None:
    going, one_done, heard = threading.Event(), threading.Event(), list[tuple[int, Status]]()
    going.set()

    def told(number: int, status: Status, reason: str) -> None:
        heard.append((number, status))
        if status is Status.BEGUN:
            going.clear()
        else:
            one_done.set()

    run = threading.Thread(
        target=apply, args=(campaign, place.imaging, WHO), kwargs={"going": going, "told": told, "workers": 1}
    )
    run.start()
    assert one_done.wait(30)
    run.join(0.7)  # longer than a worker takes to look again
    assert run.is_alive()
    assert (heard, sorted(versions(place))) == ([(0, Status.BEGUN), (0, Status.DONE)], ["1", "1", "1", "2"])
    while run.is_alive():
        going.set()
        run.join(0.05)
    assert versions(place) == ["2"] * 4
    assert [number for number, status in heard if status is Status.DONE] == [0, 1, 2, 3]


def test_a_paused_run_can_be_stopped_and_goes_on_another_day(place: Ground, campaign: Campaign) -> None:
    going, stopped = threading.Event(), threading.Event()
    threading.Timer(0.1, stopped.set).start()
    with pytest.raises(Cancelled):
        apply(campaign, place.imaging, WHO, going=going, stopped=stopped, workers=2)
    assert versions(place) == ["1"] * 4
    assert place.apply(campaign).complete
    assert versions(place) == ["2"] * 4
