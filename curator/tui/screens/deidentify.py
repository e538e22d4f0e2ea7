"""Choosing the profile by which image sets are published, and planning it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

from curator.campaign.publications import STAYS_READABLE, Request
from curator.printable import plural
from curator.tui.actions import Need, bindings
from curator.tui.publication_options import OPTIONS, Kind, Option, OptionRows, changed, value_of
from curator.tui.publishing import Profile, Publication, plan_publication, profile_of, profiles
from curator.tui.rows import Cell, Column
from curator.tui.screens.asking import AskScreen, TellScreen
from curator.tui.screens.campaign import CampaignScreen
from curator.tui.screens.confirm import ConfirmScreen
from curator.tui.screens.place import Place
from curator.tui.screens.values import ValuesScreen
from curator.tui.widgets.detail import Detail
from curator.tui.widgets.row_view import RowView

COLUMNS = (
    Column("name", "Profile", 26, grow=1),
    Column("edition", "PS3.15", 6),
    Column("options", "Options", 20, grow=2),
)

OPTION_COLUMNS = (
    Column("option", "Option", 12),
    Column("value", "Now", 28, grow=2),
    Column("says", "What it is for", 20, grow=3),
)


def is_text(value: str) -> bool:
    """Say yes: any text will do, also none."""
    return value is not None


def is_file_or_none(value: str) -> bool:
    """Say whether a path is that of a file, or empty."""
    return not value or Path(value).expanduser().is_file()


@dataclass
class ProfilesRead(Message):
    """Profiles to choose from; one that was named by its path stands first."""

    request: int
    found: Sequence[Profile]


@dataclass
class PublicationPlanned(Message):
    """A plan was made; nothing is published yet."""

    request: int
    publication: Publication = field(repr=False)


class ProfileRows:
    """`Rows` over profiles."""

    def __init__(self, found: Sequence[Profile] = ()) -> None:
        self.found = list(found)

    def __len__(self) -> int:
        return len(self.found)

    def key(self, index: int) -> str:
        """Return how the profile is opened."""
        return self.found[index].spec

    def cells(self, index: int, columns: Sequence[Column]) -> Sequence[Cell]:
        """Return the cells of a profile."""
        one = self.found[index]
        return (Path(one.spec).name, "title"), (one.edition, "dim"), ", ".join(one.options) or ("none", "dim")


class DeidentifyScreen(Place):
    """Profiles with their reasons; Enter plans."""

    PLACE = "deidentify"
    TITLE_TEXT = "De-identify"
    EXPLAINED = (
        "Choose the confidentiality profile by which copies are published; the originals stay as they are. The options "
        "below (tab goes there, ⏎ changes one) say by which route, into which store, and who is who. Enter on a profile "
        "plans it: the plan shows every change, what each route costs, and what is left out and why. Nothing is published "
        "before you apply the plan."
    )
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("deidentify"))

    def __init__(self, ids: Sequence[str] = ()) -> None:
        super().__init__()
        self.ids = tuple(ids)
        self.rows = ProfileRows()
        self.options = OptionRows(Request(""))
        self._request = 0
        self._plan_request = 0

    def body(self) -> Iterable[Widget]:
        """Yield the line for a path, the profiles, what the one under the cursor is for, and the options."""
        yield Input(placeholder="path of a profile: my-profile.yaml", id="path", select_on_focus=False)
        yield RowView(COLUMNS, self.rows, id="profiles")
        yield Detail(id="why", lines=3, grows=8)
        yield RowView(OPTION_COLUMNS, self.options, id="options")

    def on_mount(self) -> None:
        """Read the bundled profiles."""
        self.query_one("#path").display = False
        self.query_one("#profiles").focus()
        self._request = self.bench.work.begin(
            "read the profiles",
            self,
            lambda ticket: ProfilesRead(ticket.request, profiles(ticket)),
            quiet=True,
        )

    def on_profiles_read(self, message: ProfilesRead) -> None:
        """Show them."""
        if message.request == self._request:
            named = {each.spec for each in message.found}
            known = [each for each in self.rows.found if each.spec not in named]
            self.rows = ProfileRows([*message.found, *known])
            view = self.query_one("#profiles", RowView)
            view.show(self.rows, cursor=0)
            self._explain(0)
            self.tell()

    @on(RowView.Moved)
    def _moved(self) -> None:
        self._say()

    def on_descendant_focus(self) -> None:
        """Explain what the cursor is on."""
        self._say()

    def _say(self) -> None:
        options = self.query_one("#options", RowView)
        if options.has_focus:
            option = OPTIONS[options.cursor]
            now = self.options.cells(options.cursor, OPTION_COLUMNS)[1]  # whole: the column may cut it
            now = now if isinstance(now, str) else now[0]
            self.query_one("#why", Detail).tell(option.name, f"{now}\n{option.says}")
        else:
            self._explain(self.query_one("#profiles", RowView).cursor)

    def _explain(self, index: int) -> None:
        if 0 <= index < len(self.rows):
            one = self.rows.found[index]
            options = f"Options: {', '.join(one.options)}\n" if one.options else ""
            self.query_one("#why", Detail).tell(one.spec, options + one.why)

    # --- what is shown

    def title_text(self) -> str:
        """Return what is to be published."""
        if not self.ids:
            return "De-identify  all that are not yet"
        return f"De-identify  {plural(len(self.ids), 'marked image set')}"

    def held(self) -> set[Need]:
        """Return what is at hand."""
        held = super().held()
        if len(self.rows):
            held.add(Need.ROW)
        return held

    # --- actions

    @on(RowView.Opened, "#profiles")
    def _opened(self) -> None:
        self.perform("deidentify.plan")

    def do_plan(self) -> None:
        """Plan by the profile under the cursor."""
        session, spec = self.bench.session, self.bench.store_spec
        profile = self.query_one("#profiles", RowView).current
        request = replace(self.options.request, profile=profile, ids=self.ids)
        if session is not None:
            self._plan_request = self.bench.work.begin(
                "plan a publication",
                self,
                lambda ticket: PublicationPlanned(
                    ticket.request, plan_publication(session, spec, request, ticket)
                ),
            )

    def on_publication_planned(self, message: PublicationPlanned) -> None:
        """Show the plan in this screen's place, and first of all what it costs and leaves out."""
        if message.request == self._plan_request:
            self.app.switch_screen(CampaignScreen(message.publication.campaign))
            self.app.push_screen(
                TellScreen("What this publication costs and leaves out", message.publication.told)
            )

    @on(RowView.Opened, "#options")
    def _option_opened(self) -> None:
        self.perform("deidentify.option")

    def do_option(self) -> None:
        """Change the option under the cursor: turn it, or ask what it is to be."""
        view = self.query_one("#options", RowView)
        if not view.has_focus:
            view.focus()
            return
        option = OPTIONS[view.cursor]
        if option.kind in (Kind.TEXT, Kind.FILE):
            self._ask(option)
        elif option.field == "in_place" and not self.options.request.in_place:
            text = f"{STAYS_READABLE} A published copy has one version, and no history."
            self.app.push_screen(
                ConfirmScreen("Change the image sets themselves?", text, "In place"),
                lambda wanted: self._turn(option) if wanted else None,
            )
        else:
            self._turn(option)

    def _ask(self, option: Option) -> None:
        def typed(value: str | None) -> None:
            if value is not None:
                self._turn(option, value)

        right = is_file_or_none if option.kind is Kind.FILE else is_text
        value = value_of(self.options.request, option)
        self.app.push_screen(
            AskScreen(option.name, f"{option.says}. Empty: none.", "Set", value=value, right=right), typed
        )

    def _turn(self, option: Option, text: str = "") -> None:
        self.options = OptionRows(changed(self.options.request, option, text))
        self.query_one("#options", RowView).show(self.options)
        self.tell()

    def do_values(self) -> None:
        """See what the profile would do with every value."""
        self.app.push_screen(ValuesScreen(self.query_one("#profiles", RowView).current, self.ids))

    def do_file(self) -> None:
        """Type the path of a profile."""
        field = self.query_one("#path", Input)
        field.display = True
        self.set_focus(field)

    @on(Input.Submitted, "#path")
    def _named(self, event: Input.Submitted) -> None:
        path = str(Path(event.value.strip()).expanduser())
        if event.value.strip():
            self._request = self.bench.work.begin(
                "read a profile", self, lambda ticket: ProfilesRead(ticket.request, [profile_of(path)])
            )
        self._leave_path()

    def _leave_path(self) -> None:
        field = self.query_one("#path", Input)
        field.value = ""
        field.display = False
        self.query_one("#profiles").focus()

    def do_back(self) -> None:
        """Leave the path, then the screen."""
        if self.query_one("#path").display:
            self._leave_path()
        else:
            self.dismiss()
