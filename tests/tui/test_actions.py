"""The action table: every action can be done where it says, has its own keys, and says why when it cannot."""

from __future__ import annotations

from collections import Counter

import pytest
from textual.keys import _character_to_key

from curator.tui.actions import ACTIONS, Need, bindings, key_name, of, unknown, with_keys
from curator.tui.app import Workbench
from curator.tui.screens.campaign import CampaignScreen
from curator.tui.screens.campaigns import CampaignsScreen
from curator.tui.screens.conflicts import ConflictsScreen
from curator.tui.screens.deidentify import DeidentifyScreen
from curator.tui.screens.difference import DifferenceScreen
from curator.tui.screens.dry_run import DryRunScreen
from curator.tui.screens.findings import FindingsScreen
from curator.tui.screens.frames import FramesScreen
from curator.tui.screens.image_sets import ImageSetsScreen
from curator.tui.screens.ledger import LedgerScreen
from curator.tui.screens.metadata import MetadataScreen
from curator.tui.screens.place import Place
from curator.tui.screens.rule_source import SourceScreen
from curator.tui.screens.rules import RulesScreen
from curator.tui.screens.stores import StoresScreen
from curator.tui.screens.values import ValuesScreen
from curator.tui.screens.versions import VersionsScreen
from curator.tui.widgets.row_view import RowView

PLACES: dict[str, type[Place]] = {
    place.PLACE: place
    for place in (
        ImageSetsScreen,
        MetadataScreen,
        VersionsScreen,
        DifferenceScreen,
        FindingsScreen,
        FramesScreen,
        ConflictsScreen,
        CampaignScreen,
        CampaignsScreen,
        DeidentifyScreen,
        ValuesScreen,
        StoresScreen,
        RulesScreen,
        SourceScreen,
        DryRunScreen,
        LedgerScreen,
    )
}


def test_every_place_has_a_screen_and_every_screen_a_place() -> None:
    assert {action.place for action in ACTIONS.values()} == {"app", "rows", *PLACES}


@pytest.mark.parametrize("action_id", [a for a in ACTIONS if not a.startswith("rows.")])
def test_every_action_is_done_by_its_place(action_id: str) -> None:
    action = ACTIONS[action_id]
    target = Workbench if action.place == "app" else PLACES[action.place]
    assert callable(getattr(target, "do_" + action.name.replace("-", "_"), None))


def test_every_movement_is_done_by_the_row_view() -> None:
    for binding in bindings("rows"):
        assert callable(getattr(RowView, "action_" + binding.action.partition("(")[0]))


@pytest.mark.parametrize("place", PLACES)
def test_no_key_has_two_meanings_on_one_screen(place: str) -> None:
    keys = Counter(
        key
        for group in (place, *(["rows"] if PLACES[place].ROWS else []), "app")
        for action in of(group)
        for key in action.keys.split(",")
    )
    assert [key for key, count in keys.items() if count > 1] == []


def test_keys_are_spelled_as_textual_spells_them() -> None:
    for action in ACTIONS.values():
        for key in action.keys.split(","):
            name = key.split("+")[-1]
            assert len(name) > 1 or _character_to_key(name) == name, key


def test_what_is_missing_is_the_reason() -> None:
    revert = ACTIONS["versions.revert"]
    assert revert.why_not(set(Need)) == ""
    assert revert.why_not(set(Need) - {Need.WRITABLE}) == "the store is open read-only"


def test_everything_that_writes_needs_a_writable_store() -> None:
    writing = {
        "image-sets.import",
        "versions.revert",
        "campaign.apply",
        "campaign.undo",
        "campaign.finish",
    }
    assert {action.id for action in ACTIONS.values() if Need.WRITABLE in action.needs} == writing


def test_a_keymap_replaces_keys_by_action() -> None:
    keys = with_keys({"image-sets.filter": "f"})
    assert keys["image-sets.filter"] == "f"
    assert keys["image-sets.sort"] == "s"
    assert unknown(["image-sets.filter", "nonsense"]) == ["nonsense"]


@pytest.mark.parametrize(
    ("key", "name"), [("ctrl+p", "^p"), ("slash", "/"), ("shift+down", "shift+↓"), ("G", "G")]
)
def test_keys_are_shown_as_people_write_them(key: str, name: str) -> None:
    assert key_name(key) == name


def test_every_key_is_written_as_people_write_it() -> None:
    named = [key_name(key) for action in ACTIONS.values() for key in action.keys.split(",")]
    assert not [name for name in named if "_" in name]
