"""The ledger: every line is on the disk, and whatever is done to the file afterwards shows."""

from __future__ import annotations

import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.audit import Head, Ledger, check, entries, newest_head
from curator.dicom import Json
from curator.errors import Refused

WHO = {"user": "ada"}


def head_pair(head: Head) -> tuple[int, str]:
    return head.n, head.chain


@cache
def sample() -> tuple[bytes, tuple[int, str]]:
    with (
        tempfile.TemporaryDirectory() as folder,
        Ledger(Path(folder) / "l", WHO, clock=lambda: 1.5e9) as ledger,
    ):
        for number in range(12):
            ledger.append("outcome", image_set=f"{number:032d}", note='a "quoted" ünï,"chain":"x"\n')
        return ledger.path.read_bytes(), head_pair(ledger.head)


def problems(content: bytes, *heads: tuple[int, str]) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.jsonl"
        path.write_bytes(content)
        return [str(problem) for problem in check(path, heads)]


def test_an_untouched_ledger_is_whole() -> None:
    content, head = sample()
    assert problems(content, head) == []


@given(st.data())
def test_any_flipped_byte_is_found(data: st.DataObject) -> None:
    content, head = sample()
    place = data.draw(st.integers(0, len(content) - 1))
    flipped = bytearray(content)
    flipped[place] ^= data.draw(st.integers(1, 255))
    assert problems(bytes(flipped), head)


@given(st.data())
def test_dropped_swapped_doubled_or_inserted_lines_are_found(data: st.DataObject) -> None:
    content, head = sample()
    lines = content.splitlines(keepends=True)
    a = data.draw(st.integers(0, len(lines) - 1))
    b = data.draw(st.integers(0, len(lines) - 1).filter(lambda value: value != a))
    swapped = list(lines)
    swapped[a], swapped[b] = swapped[b], swapped[a]
    damage: list[Callable[[], list[bytes]]] = [
        lambda: lines[:a] + lines[a + 1 :],
        lambda: swapped,
        lambda: [*lines[:a], lines[b], *lines[a:]],
    ]
    for make in damage:
        assert problems(b"".join(make()), head)


@given(st.data())
def test_anything_cut_off_the_end_shows_against_the_head(data: st.DataObject) -> None:
    content, head = sample()
    assert problems(content[: data.draw(st.integers(0, len(content) - 1))], head)


def test_a_rewritten_tail_shows_against_the_head(tmp_path: Path) -> None:
    content, head = sample()
    path = tmp_path / "ledger.jsonl"
    path.write_bytes(b"".join(content.splitlines(keepends=True)[:-1]))
    with Ledger(path, WHO) as ledger:
        ledger.append("outcome", image_set="another")
    assert check(path) == []
    assert [str(problem) for problem in check(path, [head])] == [
        "line 12: a head that was kept elsewhere does not agree with this line"
    ]


def test_lines_say_who_and_when_and_stay_private(tmp_path: Path) -> None:
    with Ledger(tmp_path / "l", WHO, clock=lambda: 1.5e9) as ledger:
        ledger.append("intent", call=1)
    (entry,) = entries(tmp_path / "l")
    assert (entry["user"], entry["time"], entry["call"]) == ("ada", "2017-07-14T02:40:00.000Z", 1)
    assert stat.S_IMODE((tmp_path / "l").stat().st_mode) == 0o600


def test_a_line_torn_by_a_kill_is_cut_and_said(tmp_path: Path) -> None:
    path = tmp_path / "l"
    with Ledger(path, WHO) as ledger:
        head = ledger.append("intent", call=1)
    with path.open("ab") as file:
        file.write(b'{"n":2,"ev')
    with Ledger(path, WHO) as ledger:
        ledger.append("intent", call=2)
    assert check(path, [head_pair(head)]) == []
    assert [entry["event"] for entry in entries(path)] == ["intent", "recovered", "intent"]


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    with Ledger(tmp_path / "l", WHO):
        script = f"from curator.audit import Ledger; from pathlib import Path; Ledger(Path({str(tmp_path / 'l')!r}), {{}})"
        other = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
        assert "Another process writes" in other.stderr
        with pytest.raises(Refused):
            Ledger(tmp_path / "l", WHO)
    Ledger(tmp_path / "l", WHO).close()


def test_those_who_write_a_line_now_and_then_wait_for_each_other(tmp_path: Path) -> None:
    def write(number: int) -> None:
        with Ledger(tmp_path / "l", WHO, patience=10.0) as ledger:
            ledger.append("note", number=number)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(12)))
    assert check(tmp_path / "l") == []
    assert sorted(int(str(entry["number"])) for entry in entries(tmp_path / "l")) == list(range(12))


def test_threads_share_one_chain(tmp_path: Path) -> None:
    with Ledger(tmp_path / "l", WHO) as ledger, ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: ledger.append("outcome", number=number), range(40)))
        head = ledger.head
    assert check(tmp_path / "l", [head_pair(head)]) == []
    assert newest_head(tmp_path / "l") == head == Head.parse(str(head))


scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
members: st.SearchStrategy[dict[str, Json]] = st.dictionaries(
    st.sampled_from(["a", "b", "chain_", "note"]), scalars | st.lists(scalars, max_size=2), max_size=3
)


@settings(max_examples=40)
@given(st.lists(members, max_size=3))
def test_whatever_is_written_checks_out(lines: list[dict[str, Json]]) -> None:
    with tempfile.TemporaryDirectory() as folder, Ledger(Path(folder) / "l", WHO) as ledger:
        for line in lines:
            ledger.append("note", **line)
        assert check(ledger.path, [head_pair(ledger.head)] if lines else []) == []
        read = list(entries(ledger.path))
        assert [entry["n"] for entry in read] == list(range(1, len(lines) + 1))
        assert [
            {name: entry[name] for name in line} for entry, line in zip(read, lines, strict=True)
        ] == lines
