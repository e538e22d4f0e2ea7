"""Everything that a whole walk writes is its owner's alone, whatever the umask: 0600 files in 0700 folders."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

from tests.tools import ROOT

WALK = """
set -e
curator stores
curator import "$FILES"
curator list
curator check --fix-plan "$OUT/fix.plan" || true
curator values --csv "$OUT/values.csv" || true
curator plan --resolve majority -o "$OUT/merge.plan"
curator apply "$OUT/merge.plan"
curator verify latest
curator report latest --format html -o "$OUT/report.html" || true
curator undo latest
curator batch --resolve majority --include-review --report "$OUT/batch.md" || test $? -eq 1
curator deidentify --profile basic --report "$OUT/published.json" || test $? -eq 1
curator crosswalk export "$OUT/crosswalk"
curator key rotate --yes
first=$(curator list --json | "$PYTHON" -c 'import json, sys; print(json.load(sys.stdin)[0]["imageSetId"])')
curator export "$first" -o "$OUT/export"
curator frames "$first" --png "$OUT/png"
"""


def test_a_whole_walk_leaves_nothing_that_others_can_read(
    tmp_path: Path, demo_files: tuple[Path, object]
) -> None:
    home, out = tmp_path / "home", tmp_path / "out"
    out.mkdir(mode=0o700)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CURATOR_", "AWS_"))}
    environment = {
        **kept,
        "CURATOR_HOME": str(home),
        "FILES": str(demo_files[0]),
        "OUT": str(out),
        "PYTHON": sys.executable,
        "PYTHONPATH": str(ROOT),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}",
    }
    script = f'umask 0\ncurator() {{ "{sys.executable}" -m curator "$@"; }}\n{WALK}'
    ran = subprocess.run(
        ["bash", "-c", script], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    written = [path for root in (home, out) for path in [root, *root.rglob("*")]]
    assert len(written) > 30
    assert {"merge.plan", "values.csv", "batch-resolve.md"} <= {path.name for path in written}
    open_to_others = {
        f"{path.relative_to(tmp_path)} {stat.S_IMODE(path.stat().st_mode):04o}"
        for path in written
        if not path.is_symlink() and path.stat().st_mode & 0o077
    }
    assert not open_to_others
