"""The garbage collector: off while the program starts, then what was loaded is left alone."""

from __future__ import annotations

import subprocess
import sys

from tests.tools import ROOT

CODE = """
import gc
from curator.tui.collector import rest, settle
settle()
assert gc.isenabled() and not gc.get_freeze_count(), "it does nothing unasked: tests and libraries"
rest()
assert not gc.isenabled()
settle()
count = gc.get_freeze_count()
assert gc.isenabled() and count > 1000
settle()
assert gc.get_freeze_count() <= count, "once"
class Node: ...
node = Node(); node.itself = node; del node
assert gc.collect(), "what came later is collected"
"""


def test_it_rests_while_the_program_starts_and_leaves_alone_what_was_loaded() -> None:
    subprocess.run([sys.executable, "-c", CODE], cwd=ROOT, check=True)
