"""What a campaign would take: the planner's calls, paced by the campaign's buckets, on a clock that nobody waits for."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.campaign.applying import WORKERS as OF_CAMPAIGNS
from curator.plan.cost import RATES
from curator.plan.simulation import (
    ANSWER_SECONDS,
    LOCKED_SECONDS,
    WORKERS,
    Clock,
    Route,
    Shape,
    Work,
    recommendation,
    seconds_of,
    simulate,
    table,
)

UNIT = ("GetImageSetMetadata", "UpdateImageSetMetadata", "GetImageSet")


def test_one_unit_takes_its_calls_one_after_the_other() -> None:
    made, seconds = Clock().run([UNIT])
    assert made == 3
    assert seconds == pytest.approx(3 * ANSWER_SECONDS + LOCKED_SECONDS)


@settings(max_examples=40, deadline=None)
@given(
    units=st.lists(st.lists(st.sampled_from(sorted(RATES)), min_size=1, max_size=6), min_size=1, max_size=30),
    workers=st.integers(1, 20),
)
def test_no_bucket_gives_more_than_its_rate_and_workers_lose_no_call(
    units: list[list[str]], workers: int
) -> None:
    clock = Clock(workers=workers)
    made, seconds = clock.run(units)
    assert made == sum(map(len, units))
    for name, count in clock.calls.items():
        rate, burst = RATES[name]
        assert seconds >= (count - burst) / rate - 1e-6


def test_a_throttled_campaign_takes_what_its_rate_demands() -> None:
    # As measured of the real one by tests/benchmarks/campaign.py: at most 1.05 times.
    count = 400
    demanded = (count - 1) / 0.25
    assert demanded <= seconds_of([UNIT] * count) <= 1.03 * demanded


@pytest.mark.parametrize("shapes", [(Shape(),), (Shape(10, 10, 0, share=3), Shape(300, 300, 0, 2))])
def test_what_is_extrapolated_is_what_would_have_been_simulated(shapes: tuple[Shape, ...]) -> None:
    units = [UNIT * (1 + number % 3) for number in range(6_000)]
    whole = Clock().run(units)[1]
    assert seconds_of(units, sample=2_000) == pytest.approx(whole, rel=0.01)
    assert seconds_of(units, sum(map(len, units)), sample=2_000) == pytest.approx(whole, rel=0.01)
    few, many = simulate(1_000, shapes), simulate(2_000, shapes)
    for each in few:
        other = next(found for found in many if found.route is each.route)
        assert other.seconds == pytest.approx(2 * each.seconds, rel=0.05)


def test_levels_alone_take_one_call_and_merging_first_saves_where_series_are_torn() -> None:
    found = {each.route: each for each in simulate(100, (Shape(20, 20, 1_000, torn=10),), Work(2))}
    assert found[Route.LEVELS].calls["UpdateImageSetMetadata"] == 100
    assert found[Route.MERGE].calls["CopyImageSet"] == 90
    assert (
        found[Route.MERGE].calls["UpdateImageSetMetadata"]
        < found[Route.UPDATE].calls["UpdateImageSetMetadata"]
    )
    assert Route.MERGE not in {each.route for each in simulate(100)}


def test_a_publication_costs_its_copies_and_holds_frames_twice() -> None:
    found = {each.route: each for each in simulate(10, (Shape(2_500, 2_500, 25_000),), Work(1, clean=True))}
    assert set(found) == {Route.PUBLISH, Route.REIMPORT}
    assert found[Route.PUBLISH].calls["CopyImageSet"] == 10 * 2 * 3
    assert found[Route.PUBLISH].storage == 10 * 2 * 25_000
    assert found[Route.REIMPORT].calls["GetDICOMInstance"] == 25_000


def test_what_keeps_ids_and_history_is_recommended_unless_the_past_must_go() -> None:
    kept = simulate(1_000, (Shape(torn=2),))
    assert kept[0].route in (Route.UPDATE, Route.MERGE)
    assert "reimport" in recommendation(kept)  # faster, and said so
    assert simulate(1_000, work=Work(clean=True))[0].route is Route.REIMPORT


def test_higher_rates_take_less_time() -> None:
    raised = {name: (2.5, 10.0) for name, (rate, _) in RATES.items() if rate == 0.25}
    (slow, *_), (fast, *_) = simulate(10_000), simulate(10_000, rates=raised)
    assert slow.calls == fast.calls
    assert fast.seconds == pytest.approx(slow.seconds / 10, rel=0.02)


def test_the_table_grows_with_the_archive() -> None:
    lines = table((1, 1_000)).splitlines()
    assert (
        sum(line.startswith("| 1 |") for line in lines)
        == sum(line.startswith("| 1,000 |") for line in lines)
        == 5
    )


def test_the_simulated_campaign_has_as_many_workers_as_the_real_one() -> None:
    assert WORKERS == OF_CAMPAIGNS
