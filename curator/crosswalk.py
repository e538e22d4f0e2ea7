"""The crosswalk: which original became what, encrypted, kept apart from what is published.

One file (0600) of sealed records, one a campaign, each AES-256-GCM under a key of the project's own domain. A record is
bound to all that stands before it, and the last one, sealed like them, counts them: none can be changed, dropped, put
elsewhere or cut off the end unnoticed. (A whole older copy put in its place is a crosswalk of that day.) It is written whole and put in place in one step. Nobody without the project's key can read it, and it is
decrypted only when a campaign asks who was published before, or a person exports it.
"""

from __future__ import annotations

import csv
import hashlib
import io
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

import msgspec

from curator.deid.people import Register
from curator.errors import Refused, StoreError
from curator.project import Project, one_at_a_time, private_folder, write_private

Keyed: TypeAlias = Callable[[str], Callable[[bytes], bytes]]

_MAGIC: Final = b"curator crosswalk 2\n"
_UNCOUNTED: Final = b"curator crosswalk 1\n"
"""How files of the first form begin: they have no count at their end, and get it when they are next written."""
_END: Final = b"the end"
_NONCE: Final = 12
_SIZE: Final = 8
_RISKY: Final = ("=", "+", "-", "@", "\t", "\r", "'")


class _Record(msgspec.Struct, array_like=True):
    """What one campaign published. ``generation`` counts the keys: maps of an older key bind no new campaign."""

    campaign: str
    generation: int
    subjects: dict[str, str]
    patients: list[tuple[str, str]]
    uids: dict[str, str]


@dataclass(frozen=True, slots=True)
class Entries:
    """All that the crosswalk holds; PHI."""

    subjects: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Identity → pseudonym, made with the present key: what a new campaign must repeat."""
    patients: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """(original PatientID, published one), of every key there was; an issuer and a NUL before an id that has one."""
    uids: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """(original UID, published UID), of every key there was."""
    campaigns: tuple[str, ...] = ()
    generation: int = 0
    older: tuple[int, int] = (0, 0)
    """How many patients and UIDs were published under keys before the present one."""


class Crosswalk:
    """A project's crosswalk; the file is made when a campaign adds to it."""

    def __init__(self, path: Path, keyed: Keyed) -> None:
        self.path = path
        self._keyed = keyed

    @classmethod
    def open(cls, project: Project) -> Crosswalk:
        """Return the project's crosswalk."""
        return cls(project.crosswalk, project.keyed)

    def entries(self) -> Entries:
        """Return what it holds; `Refused` where the key is another, StoreError where the file was changed."""
        return _together(self._records(self._content()))

    def add(
        self,
        campaign: str,
        *,
        subjects: Mapping[str, str],
        patients: Iterable[tuple[str, str]],
        uids: Mapping[str, str],
    ) -> int:
        """Add what a campaign publishes, and return how many of its subjects and UIDs are new.

        `Refused`, with nothing written, where an original would have two replacements or two originals one.
        """
        with one_at_a_time(self.path):
            content = self._content()
            before = _together(self._records(content))
            register = Register()
            for identity, pseudonym in [*before.subjects.items(), *subjects.items()]:
                register.know(identity, pseudonym)
            known = dict(before.uids)
            _one_to_one([*before.uids[before.older[1] :], *uids.items()])
            pairs = set(before.patients)
            record = _Record(
                campaign,
                before.generation,
                {one: other for one, other in subjects.items() if one not in before.subjects},
                [pair for pair in patients if pair not in pairs],
                {old: new for old, new in uids.items() if known.get(old) != new},
            )
            new = len(record.subjects) + len(record.patients) + len(record.uids)
            if new or campaign not in before.campaigns:
                self._write([*self._records(content), record], self._keyed)
            return new

    def export(self, folder: Path) -> tuple[Path, Path]:
        """Write ``patients.csv`` and ``uids.csv`` (0600), columns ``id_old,id_new``: the form that MIDI-B's scorer reads.

        Where patients have issuers a third column names them: two of one id are two people. What a spreadsheet would take for a formula gets a leading quote.
        """
        found = self.entries()
        private_folder(folder)
        made = folder / "patients.csv", folder / "uids.csv"
        rows = [(*_with_issuer(old), new) for old, new in found.patients]
        issued = any(issuer for issuer, _, _ in rows)
        write_private(
            made[0],
            _csv(
                [(old, new, *([issuer] if issued else [])) for issuer, old, new in rows],
                "issuer" if issued else "",
            ),
        )
        write_private(made[1], _csv(found.uids))
        return made

    def rotate(self, new: Keyed) -> Entries:
        """Seal everything under another key, in one record a campaign, and return what was there before.

        Subjects published before are not bound to their pseudonyms any more: the new key makes others.
        """
        with one_at_a_time(self.path):
            content = self._content()
            try:
                records = list(self._records(content))
            except Refused:  # a rotation that was killed after this file, before the key, was put in place
                self._keyed = new
                return _together(self._records(content))
            before = _together(records)
            if records:
                marker = _Record("", before.generation + 1, {}, [], {})
                self._write([*records, marker], new)
            self._keyed = new
            return before

    # ── the file ─────────────────────────────────────────────────────────────────────────────────────

    def _content(self) -> bytes:
        try:
            return self.path.read_bytes() if self.path.exists() else b""
        except OSError as error:
            raise StoreError(f"The crosswalk {self.path} cannot be read: {error.strerror}.") from error

    def _records(self, content: bytes) -> Iterator[_Record]:
        if not content:
            return
        magic = content[: len(_MAGIC)]
        if magic not in (_MAGIC, _UNCOUNTED):
            raise StoreError(f"{self.path} is no crosswalk of this version.")
        bound = hashlib.sha256(magic)
        at, count = len(magic), 0
        while at < len(content):
            size = int.from_bytes(content[at : at + _SIZE], "big")
            sealed = content[at + _SIZE : at + _SIZE + size]
            whole = len(sealed) == size >= _NONCE
            last = magic == _MAGIC and at + _SIZE + size == len(content)
            plain = self._opened(sealed, bound.digest() + (_END if last else b"")) if whole else None
            if plain is None:
                if at == len(magic) and not last:
                    raise Refused(
                        f"The crosswalk {self.path} does not open with this project's key.",
                        hint="it was made with another key, or changed: restore the key, or the file; a `key rotate` that "
                        "was interrupted is ended by another",
                    )
                raise self._spoiled()
            if last:
                if msgspec.msgpack.decode(plain, type=int) != count:
                    raise self._spoiled()
                return
            yield msgspec.msgpack.decode(plain, type=_Record)
            bound.update(content[at : at + _SIZE + size])
            at, count = at + _SIZE + size, count + 1
        if magic == _MAGIC:
            raise self._spoiled()

    def _spoiled(self) -> StoreError:
        return StoreError(
            f"The crosswalk {self.path} was changed or cut off after it was written.",
            hint="restore the file from a copy; nothing of it was used",
        )

    def _opened(self, sealed: bytes, bound: bytes) -> bytes | None:
        """Return what a sealed record says; None where the key is another or a byte is not as it was."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            return AESGCM(_key(self._keyed)).decrypt(sealed[:_NONCE], sealed[_NONCE:], bound)
        except InvalidTag:
            return None

    def _write(self, records: Sequence[_Record], keyed: Keyed) -> None:
        """Write the file anew: every record bound to all before it, then their count."""
        made = bytearray(_MAGIC)
        bound = hashlib.sha256(_MAGIC)
        for record in records:
            sealed = _sealed(msgspec.msgpack.encode(record), bound.digest(), keyed)
            made += sealed
            bound.update(sealed)
        made += _sealed(msgspec.msgpack.encode(len(records)), bound.digest() + _END, keyed)
        write_private(self.path, bytes(made))


def _sealed(plain: bytes, bound: bytes, keyed: Keyed) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = secrets.token_bytes(_NONCE)
    sealed = nonce + AESGCM(_key(keyed)).encrypt(nonce, plain, bound)
    return len(sealed).to_bytes(_SIZE, "big") + sealed


def _key(keyed: Keyed) -> bytes:
    return keyed("crosswalk")(b"AES-256-GCM")


def _together(records: Iterable[_Record]) -> Entries:
    subjects: dict[str, str] = {}
    patients: dict[tuple[str, str], None] = {}
    uids: dict[tuple[str, str], None] = {}
    campaigns: dict[str, None] = {}
    generation, older = 0, (0, 0)
    for record in records:
        if record.generation > generation:
            generation, older = record.generation, (len(patients), len(uids))
            subjects.clear()
        subjects |= record.subjects
        patients |= dict.fromkeys(record.patients)
        uids |= dict.fromkeys(record.uids.items())
        if record.campaign:
            campaigns[record.campaign] = None
    return Entries(subjects, tuple(patients), tuple(uids), tuple(campaigns), generation, older)


def _one_to_one(pairs: Iterable[tuple[str, str]]) -> None:
    forth: dict[str, str] = {}
    back: dict[str, str] = {}
    for old, new in pairs:
        if forth.setdefault(old, new) != new:
            raise Refused(
                "A UID would get another replacement than before.", hint="was the project's key changed?"
            )
        if back.setdefault(new, old) != old:
            raise Refused("Two UIDs would get the same replacement.")


def _with_issuer(key: str) -> tuple[str, str]:
    issuer, _, patient_id = key.rpartition("\0")
    return issuer, patient_id


def _csv(pairs: Iterable[tuple[str, ...]], third: str = "") -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(("id_old", "id_new", *([third] if third else [])))
    for pair in sorted(pairs):
        writer.writerow([f"'{text}" if text.startswith(_RISKY) else text for text in pair])
    return out.getvalue().encode()
