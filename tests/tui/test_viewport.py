"""What part of a picture is seen: whole at first, never beyond its edges, and its border without a gap."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from curator.tui.viewport import Viewport, border

SIDES = st.integers(1, 5000)
SCREENS = st.integers(1, 400)


def test_the_whole_picture_fits_and_keeps_its_shape() -> None:
    part = Viewport().part(240, 320, 160, 160)
    assert (part.top, part.bottom, part.left, part.right) == (0, 240, 0, 320)
    assert (part.width, part.height) == (160, 120)
    assert Viewport().part(100, 100, 160, 160, aspect=2.0).width == 80


@given(SIDES, SIDES, SCREENS, SCREENS, st.floats(1, 64), st.floats(0, 1), st.floats(0, 1), st.floats(0.1, 10))
def test_what_is_seen_lies_within_picture_and_screen(
    rows: int, columns: int, width: int, height: int, zoom: float, across: float, down: float, aspect: float
) -> None:
    part = Viewport(zoom, across, down).part(rows, columns, width, height, aspect)
    assert 0 <= part.top < part.bottom <= rows
    assert 0 <= part.left < part.right <= columns
    assert 1 <= part.width <= width
    assert 1 <= part.height <= height


@given(
    st.integers(20, 800), st.integers(20, 800), st.integers(20, 200), st.integers(20, 200), st.floats(0.1, 40)
)
def test_the_pieces_of_the_border_leave_no_gap(
    rows: int, columns: int, width: int, height: int, zoom: float
) -> None:
    seen = np.zeros((rows, columns), bool)
    for piece in border(zoom):
        seen[piece.viewport.part(rows, columns, width, height).slices] = True
    assert seen[0].all()
    assert seen[-1].all()
    assert seen[:, 0].all()
    assert seen[:, -1].all()


def test_zooming_out_ends_at_the_whole_and_moving_needs_zoom() -> None:
    near = Viewport().zoomed(2).moved(9, 9)
    assert (near.across, near.down) == (1.0, 1.0)
    assert near.zoomed(0.25) == Viewport()
    assert Viewport().moved(1, 1) == Viewport()
    assert Viewport().one_to_one(480, 640, 160, 120).zoom == 4
