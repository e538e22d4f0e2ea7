"""What a foreign program, Debian's dciodvfy (dicom3tools), holds against a file."""

from __future__ import annotations

import re
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path

from tests.tools import need


@lru_cache(maxsize=4096)
def errors(content: bytes) -> frozenset[str]:
    """Return dciodvfy's errors, without numbers that tell items apart, and without UIDs."""
    program = need("dciodvfy")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.dcm"
        path.write_bytes(content)
        done = subprocess.run([program, "-new", str(path)], capture_output=True, check=False)
    lines = (done.stdout + done.stderr).decode(errors="replace").splitlines()
    plain = (re.sub(r"<[\d.]+>", "<UID>", re.sub(r"\[\d+\]", "", line)) for line in lines)
    return frozenset(line for line in plain if line.startswith("Error"))


def is_readable(content: bytes) -> bool:
    """Say whether dciodvfy can read the file at all; some that pydicom bundles are broken on purpose."""
    return not any("read failed" in error for error in errors(content))
