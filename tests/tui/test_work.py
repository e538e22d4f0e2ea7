"""Work runs in threads, answers by messages, and can be stopped."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import pytest
from textual.app import App
from textual.message import Message

from curator.errors import Cancelled, NotFound
from curator.tui.work import Failed, State, Ticket, Work
from tests.tui.seen import until


@dataclass
class Answer(Message):
    request: int
    thread: int


class Asker(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.work = Work(self)
        self.heard: list[Message] = []

    def on_answer(self, message: Answer) -> None:
        self.heard.append(message)

    def on_failed(self, message: Failed) -> None:
        self.heard.append(message)


async def test_the_answer_comes_with_its_request_from_another_thread() -> None:
    app = Asker()
    async with app.run_test() as pilot:
        request = app.work.begin("ask", app, lambda ticket: Answer(ticket.request, threading.get_ident()))
        await until(pilot, lambda: app.heard)
        (answer,) = app.heard
        assert isinstance(answer, Answer)
        assert answer.request == request
        assert answer.thread != threading.get_ident()
        assert [ticket.state for ticket in app.work.history] == [State.DONE]


async def test_works_of_one_turn_are_done_and_answered_in_the_order_of_asking() -> None:
    app = Asker()
    let_go = threading.Event()
    done: list[int] = []

    def first(ticket: Ticket) -> Answer:
        let_go.wait(30)
        done.append(ticket.request)
        return Answer(ticket.request, 0)

    def second(ticket: Ticket) -> Answer:
        done.append(ticket.request)
        return Answer(ticket.request, 0)

    async with app.run_test() as pilot:
        asked = [app.work.begin("keep", app, each, turn="decisions") for each in (first, second, second)]
        other = app.work.begin("look", app, second)
        await until(pilot, lambda: app.heard)
        assert done == [other]  # nobody else waits for them
        let_go.set()
        await until(pilot, lambda: len(app.heard) == 4)
        assert done == [other, *asked]
        assert [each.request for each in app.heard if isinstance(each, Answer)] == [other, *asked]


async def test_what_runs_can_be_cancelled() -> None:
    app = Asker()

    def endless(ticket: Ticket) -> None:
        while True:
            ticket.report(1)
            ticket.stop.wait(0.01)

    async with app.run_test() as pilot:
        app.work.begin("endless", app, endless)
        await until(pilot, lambda: app.work.running)
        assert app.work.cancel() == 1
        await until(pilot, lambda: app.heard)
        (failed,) = app.heard
        assert isinstance(failed, Failed)
        assert isinstance(failed.error, Cancelled)
        assert not app.work.running


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (NotFound("there is no such image set"), "there is no such image set"),
        (ValueError("Doe^Jane"), "unexpected ValueError"),
    ],
)
async def test_a_failure_is_told_without_the_words_of_unexpected_errors(error: Exception, told: str) -> None:
    app = Asker()

    def fail(ticket: Ticket) -> None:
        raise error

    async with app.run_test() as pilot:
        app.work.begin("fail", app, fail)
        await until(pilot, lambda: app.heard)
        (ticket,) = app.work.history
        assert (ticket.state, ticket.outcome) == (State.FAILED, told)
        (failed,) = app.heard
        assert isinstance(failed, Failed)
        assert "Doe" not in str(failed.error)
