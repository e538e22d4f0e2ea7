"""Generated tables are what their generators make of their sources; nobody edited them."""

from __future__ import annotations

import importlib

import pydicom
import pytest

from tests.tools import ROOT


@pytest.mark.parametrize("name", ["dictionary", "iods", "levels", "uids"])
def test_a_table_is_its_generators(name: str) -> None:
    module = importlib.import_module(f"tests.generate.{name}")
    written = (ROOT / module.TARGET).read_text(encoding="utf-8")
    if "pydicom 3.0" in written and pydicom.__version__ not in written:
        pytest.skip(f"it was generated with another pydicom than {pydicom.__version__}")
    try:
        generated = module.generate()
    except (SystemExit, FileNotFoundError):
        pytest.skip("the generator's source is not here")
    assert generated == written
    assert f"python -m tests.generate {name}" in written
