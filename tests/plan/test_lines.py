"""Plan files: what is written comes back, and what was changed since is noticed."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curator.errors import Refused, UsageError
from curator.plan import plan_update
from curator.plan.lines import CHUNK, Header, check_digest, read_header, read_units, write_lines
from curator.plan.units import Kind, Member, Unit, patch_of, update_steps
from tests.plan.documents import changes_to, samples

HEADER = Header(title="a test", store="local", rules=("one",), options={"payload": "10000"})


def member(number: int) -> Member:
    return Member(f"{number:032d}", "1", "a" * 64, "b" * 64)


def unit(number: int, operations: int = 1) -> Unit:
    patch = tuple({"op": "remove", "path": f"/Patient/DICOM/X{each}"} for each in range(operations))
    from curator.plan.units import Patch

    return Unit(number, Kind.UPDATE, "t", (member(number),), patches=(Patch(f"{number:032d}", (), patch),))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_whatever_is_planned_comes_back(data: st.DataObject) -> None:
    doc = data.draw(samples()).doc
    update = plan_update(doc, data.draw(changes_to(doc)))
    name = "0" * 32
    made = Unit(
        0,
        Kind.UPDATE,
        "update",
        (member(0),),
        tuple(update_steps(name, update.calls)),
        (patch_of(name, update.operations),),
        update.left_out,
        changes=update.changes,
    )
    lines = list(write_lines(HEADER, [made]))
    assert read_header(lines[0]).title == "a test"
    assert check_digest(lines).cost.changes == update.changes
    (read,) = read_units(lines[1:])
    assert msgspec.json.encode(read) == msgspec.json.encode(made)
    sent = [step.blobs for step in read.steps]  # type: ignore[union-attr]
    assert sent == [(call.updatable, call.removable) for call in update.calls]


def test_two_patches_of_one_image_set_keep_their_own_reasons() -> None:
    """A study's shared elements are one patch, what an image set has for itself another; both count reasons from 0."""
    from curator.findings import Why
    from curator.plan.units import Patch

    name = f"{0:032d}"
    shared = tuple({"op": "remove", "path": f"/Study/DICOM/S{n}", "why": 0} for n in range(CHUNK + 1))
    own = ({"op": "remove", "path": "/Study/Series/1/DICOM/X", "why": 0},)
    patches = (Patch(name, (Why("shared", "w"),), shared), Patch(name, (Why("own", "w"),), own))
    made = Unit(0, Kind.UPDATE, "t", (member(0),), patches=patches)
    (read,) = read_units(list(write_lines(HEADER, [made]))[1:])
    assert read.patches == patches
    assert [change.why.rule for patch in read.patches for change in patch.changes()][-2:] == ["shared", "own"]


def test_an_outline_says_where_each_unit_begins_and_how_many_calls_it_makes() -> None:
    from curator.plan.lines import read_outline
    from curator.plan.units import Delete

    made = [msgspec.structs.replace(unit(n, 2 * CHUNK), steps=(Delete("a"),) * n) for n in range(3)]
    lines = list(write_lines(HEADER, made))
    content = b"".join(lines)
    found = list(read_outline(lines[1:], len(lines[0])))
    assert [each.calls for each in found] == [0, 1, 2]
    assert [next(read_units(content[each.offset :].splitlines(keepends=True))) for each in found] == made


@settings(max_examples=60)
@given(st.data())
def test_any_changed_byte_is_noticed(data: st.DataObject) -> None:
    content = bytearray(b"".join(write_lines(HEADER, [unit(0), unit(1)])))
    body = content.rfind(b'{"end"')
    place = data.draw(st.integers(0, body - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises((Refused, UsageError)):
        check_digest(bytes(content).splitlines(keepends=True))


def test_a_plan_that_was_cut_is_refused() -> None:
    lines = list(write_lines(HEADER, [unit(0)]))
    with pytest.raises(Refused, match="too early"):
        check_digest(lines[:-1])
    with pytest.raises(Refused, match="too early"):
        check_digest([*lines[:-1], lines[-1][:-2]])


def test_no_line_grows_with_the_image_set() -> None:
    lines = list(write_lines(HEADER, [unit(0, 3 * CHUNK + 1)]))
    assert len(lines) == 1 + 1 + 4 + 1
    (read,) = read_units(lines[1:])
    assert len(read.patches[0].patch) == 3 * CHUNK + 1


def test_an_image_set_is_in_one_unit_of_a_plan() -> None:
    with pytest.raises(Refused, match="two units"):
        list(write_lines(HEADER, [unit(0), unit(0)]))


def test_other_files_and_formats_to_come_are_told_apart() -> None:
    for line in (b"", b"version: 1\n", b"{}\n", b"[]\n"):
        with pytest.raises(UsageError):
            read_header(line)
    with pytest.raises(UsageError, match="format is 2"):
        read_header(b'{"plan":2}\n')
