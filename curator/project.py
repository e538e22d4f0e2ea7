"""A project: the folder that holds the key and everything that must outlive a run.

    PROJECT/                     0700
      key                        0600   32 bytes as hex; everything keyed derives from it (`Project.hmac`)
      config.json                0600
      decisions.csv              0600   value decisions
      resolutions.csv            0600   what people decided of conflicts among image sets
      pixel-decisions.csv        0600   what reviewers said of instances' pixels, appended to
      catalogues/                0700   one SQLite index a data store
      left/                      0700   how the terminal interface left each data store
      rules/                     0700   the project's own rule files
      sessions/                  0700   what was done by hand, saved as rule files
      campaigns/<plan digest>/   0700   plan.jsonl, ledger.jsonl, head.json, report.*
      crosswalk                  0600   encrypted
      ledger.jsonl               0600   the project's own ledger: keys, purges, heads of the campaigns' ledgers

Losing the key makes pseudonyms unrepeatable and ledgers' values uncheckable, so a key is never replaced
silently; others reading it makes them guessable, so a key that others can read is refused.
"""

from __future__ import annotations

import fcntl
import hmac as hmac_module
import os
import secrets
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Final

import msgspec

from curator.dicom import Json
from curator.errors import Refused, StoreError, UsageError

KEY_BYTES: Final = 32
PURGEABLE: Final = (
    "catalogues",
    "campaigns",
    "plans",
    "decisions.csv",
    "resolutions.csv",
    "pixel-decisions.csv",
    "crosswalk",
    "cache",
    "private-verdicts.csv",
    "spill",
    "left",
    "sessions",
)
"""What may hold PHI below a project's folder; the key and the project's ledger hold none."""


def home() -> Path:
    """Return the folder of everything curator keeps: ``CURATOR_HOME``, else the platform's data folder."""
    if given := os.environ.get("CURATOR_HOME"):
        return Path(given)
    from platformdirs import user_data_path

    return user_data_path("curator", appauthor=False)


def private_folder(path: Path) -> Path:
    """Make ``path`` (0700) and its missing parents; an existing folder keeps its mode, which is its owner's choice."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    try:
        for folder in reversed(missing):
            folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise StoreError(f"The folder {path} cannot be made: {error.strerror}.") from error
    return path


def write_private(path: Path, content: bytes) -> None:
    """Replace ``path`` (0600) by ``content`` in one step: readers see the old file or the new, never a part."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise StoreError(f"{path} cannot be written: {error.strerror}.") from error


def create_private(path: Path, content: bytes) -> bool:
    """Create ``path`` (0600) with ``content``; return False, and change nothing, where it exists already."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    write_private(temporary, content)
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}.") from error
    finally:
        temporary.unlink(missing_ok=True)
    return True


@contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Let one thread of one process at a time read and replace the file at ``path``: nobody's words are lost."""
    descriptor = os.open(path.with_name(f".{path.name}.lock"), os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


class Project:
    """One project's folder. Nothing is read or made before it is asked for, except the folder itself."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def open(cls, path: Path | str | None = None) -> Project:
        """Return the project at ``path`` (default: ``project`` below `home`), making its folder."""
        root = Path(path).expanduser() if path is not None else home() / "project"
        if root.exists() and not root.is_dir():
            raise UsageError(f"{root} is a file; a project is a folder.")
        return cls(private_folder(root))

    def folder(self, *names: str) -> Path:
        """Return a folder (0700) below the project, made when missing."""
        return private_folder(self.root.joinpath(*names))

    @property
    def catalogues(self) -> Path:
        """The folder of the data stores' local indexes."""
        return self.folder("catalogues")

    @property
    def decisions(self) -> Path:
        """The file of value decisions (it need not exist)."""
        return self.root / "decisions.csv"

    @property
    def resolutions(self) -> Path:
        """The file of decisions about conflicts (it need not exist)."""
        return self.root / "resolutions.csv"

    @property
    def pixel_decisions(self) -> Path:
        """The file of what reviewers said of pixels (it need not exist)."""
        return self.root / "pixel-decisions.csv"

    @property
    def crosswalk(self) -> Path:
        """The encrypted file from originals to pseudonyms (it need not exist)."""
        return self.root / "crosswalk"

    def campaign(self, digest: str) -> Path:
        """Return the folder of the campaign whose plan has this digest."""
        return self.folder("campaigns", digest)

    def campaigns(self) -> Iterator[Path]:
        """Yield the campaigns' folders, oldest plan first."""
        folder = self.root / "campaigns"
        if folder.is_dir():
            plans = [each for each in folder.iterdir() if (each / "plan.jsonl").is_file()]
            yield from sorted(plans, key=lambda each: (each / "plan.jsonl").stat().st_mtime_ns)

    # ── the key ──────────────────────────────────────────────────────────────────────────────────────

    @property
    def key_file(self) -> Path:
        """Where the key lies: ``CURATOR_KEY_FILE``, else ``key`` in the project."""
        given = os.environ.get("CURATOR_KEY_FILE")
        return Path(given).expanduser() if given else self.root / "key"

    @cached_property
    def key(self) -> bytes:
        """The project's key; made (0600) in the project when missing, refused where others can read it."""
        path = self.key_file
        if not path.exists():
            if os.environ.get("CURATOR_KEY_FILE"):
                raise UsageError(
                    f"CURATOR_KEY_FILE names {path}, which does not exist.",
                    hint="restore the file, or make a key with `curator key new`",
                )
            create_private(path, secrets.token_hex(KEY_BYTES).encode() + b"\n")
        return read_key(path)

    def new_key(self) -> Path:
        """Make the key where there is none; `Refused` where there is one, since replacing it would break links."""
        path = self.key_file
        private_folder(path.parent)
        if not create_private(path, secrets.token_hex(KEY_BYTES).encode() + b"\n"):
            raise Refused(
                f"There is a key already: {path}.",
                hint="pseudonyms and ledgers depend on it; a fresh start is a new --project folder",
            )
        return path

    def rotate_key(self, seal: Callable[[Callable[[str], Callable[[bytes], bytes]]], object]) -> Path:
        """Make a new key in place of the present one, which is set aside (0600); return where it lies now.

        ``seal`` is called with what derives from the new key, before the key is in place: what it encrypts anew
        cannot be left behind under a key that is gone. The new key waits in ``key.new`` meanwhile, so that a
        rotation that was killed is ended by another call.
        """
        key = self.key
        path = self.key_file
        pending = path.with_name(f"{path.name}.new")
        fresh = read_key(pending) if pending.exists() else secrets.token_bytes(KEY_BYTES)
        number = 1
        while not create_private(
            aside := path.with_name(f"{path.name}.old-{number}"), key.hex().encode() + b"\n"
        ):
            if read_key(aside) == key:
                break
            number += 1
        write_private(pending, fresh.hex().encode() + b"\n")
        seal(lambda domain: _keyed(fresh, domain))
        os.replace(pending, path)
        self.__dict__["key"] = fresh
        return aside

    def hmac(self, domain: str, data: bytes) -> bytes:
        """Return HMAC-SHA-256 of ``data`` under a key of this project that serves ``domain`` alone (32 bytes)."""
        return self.keyed(domain)(data)

    def keyed(self, domain: str) -> Callable[[bytes], bytes]:
        """Return `hmac` of one domain with its pads computed once, for those who call it often."""
        return _keyed(self.key, domain)

    # ── configuration, purge ─────────────────────────────────────────────────────────────────────────

    @property
    def config(self) -> dict[str, Json]:
        """The project's settings (``config.json``), empty when there are none."""
        path = self.root / "config.json"
        try:
            read = msgspec.json.decode(path.read_bytes()) if path.exists() else {}
        except (OSError, msgspec.DecodeError) as error:
            raise UsageError(f"{path} cannot be read as JSON.", hint="mend or delete it") from error
        if not isinstance(read, dict):
            raise UsageError(f"{path} holds no JSON object.", hint="mend or delete it")
        return read

    def configure(self, **settings: Json) -> None:
        """Store settings; one set to None is forgotten."""
        merged = {**self.config, **settings}
        kept = {name: value for name, value in merged.items() if value is not None}
        write_private(self.root / "config.json", msgspec.json.format(msgspec.json.encode(kept), indent=2))

    def purgeable(self) -> list[Path]:
        """Return what lies in the project and may hold PHI; see `PURGEABLE`."""
        return [self.root / name for name in PURGEABLE if (self.root / name).exists()]

    def purge(self, *, keep: frozenset[str] = frozenset()) -> list[Path]:
        """Delete what may hold PHI, except the names in ``keep``; return what was deleted.

        Deleting unlinks: on journalling file systems and SSDs the blocks live on until they are reused, and
        nothing that a program does can promise more.
        """
        gone = [path for path in self.purgeable() if path.name not in keep]
        for path in gone:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
        return gone


def _keyed(key: bytes, domain: str) -> Callable[[bytes], bytes]:
    subkey = hmac_module.digest(key, b"curator/1/" + domain.encode(), "sha256")
    start = hmac_module.new(subkey, digestmod="sha256")

    def digest(data: bytes) -> bytes:
        state = start.copy()
        state.update(data)
        return state.digest()

    return digest


def read_key(path: Path) -> bytes:
    """Return the key in ``path``: 32 bytes as hex (or at least 32 raw bytes); `Refused` where others can read it."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        content = path.read_bytes()
    except OSError as error:
        raise StoreError(f"The key file {path} cannot be read: {error.strerror}.") from error
    if mode & 0o077:
        raise Refused(
            f"Others can read the key file {path} (mode {mode:04o}; 0600 was expected).",
            hint=f"chmod 600 {path}; if it was shared, treat pseudonyms made with it as guessable",
        )
    try:
        key = bytes.fromhex(content.decode("ascii").strip())
    except ValueError:
        key = content
    if len(key) < KEY_BYTES:
        raise UsageError(
            f"The key file {path} holds {len(key)} bytes; at least {KEY_BYTES} were expected.",
            hint="make one with `curator key new`",
        )
    return key
