"""xterm.js for `serve --web`: `curator/web/static/xterm`, unchanged files of two npm packages, pinned by their digest.

A browser must not load it from elsewhere, and no Python package carries it alone. MIT; the licences are joined.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

TARGET = "curator/web/static/xterm"
PACKAGES = {
    "@xterm/xterm@6.0.0": (
        "TQwDdQGtwwDt+2cgKDLn0IRaSxYu1tSUjgKarSDkUM0ZNiSRXFpjxEsvc/Zgc5kq5omJ+V0a8/kIM2WD3sMOYg==",
        {"lib/xterm.mjs": "xterm.js", "css/xterm.css": "xterm.css", "LICENSE": "LICENSE"},
    ),
    "@xterm/addon-fit@0.11.0": (
        "jYcgT6xtVYhnhgxh3QgYDnnNMYTcf8ElbxxFzX0IZo+vabQqSPAjC3c1wJrKB5E19VwQei89QCiZZP86DCPF7g==",
        {"lib/addon-fit.mjs": "addon-fit.js", "LICENSE": "LICENSE.addon-fit"},
    ),
}
"""npm package → its SHA-512, and which of its files become ours. ``.js``: every system knows that type."""

DIGESTS = {
    "LICENSE": "b569f629d00f2626a8100df2a1798210535621e42164dfd426a6fe5aac7b0ccd",
    "LICENSE.addon-fit": "e256f01188af527e4d06d21d06fbf785ae9c50d4b328bf03cbe0ba7f0aa4228f",
    "addon-fit.js": "2d87e1bddc73be9111de8beee5370c3bb7aac9c94e18e6f245f02ca741ef1769",
    "xterm.css": "854a7c0fb70e8b1a083c16797ab827299fb18744f5ad34f227b48337e33293c6",
    "xterm.js": "b336ec65a086c056d4804b3d4c2347da5663d3f23c3f25be866467bd8857ad59",
}
"""SHA-256 of each file that came of it, so that a test notices an edit without asking npm."""


def generate() -> Mapping[str, bytes]:
    made: dict[str, bytes] = {}
    for package, (digest, files) in PACKAGES.items():
        with tempfile.TemporaryDirectory() as folder:
            said = subprocess.run(
                ["npm", "pack", "--json", package], cwd=folder, capture_output=True, text=True, check=True
            )
            content = Path(folder, json.loads(said.stdout)[0]["filename"]).read_bytes()
        assert hashlib.sha512(content).digest() == base64.b64decode(digest), (
            f"{package} is not the one pinned"
        )
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            for path, name in files.items():
                member = archive.extractfile(f"package/{path}")
                assert member is not None
                made[name] = member.read()
    return made
