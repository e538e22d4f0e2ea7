"""Find what is left of a made-up person: plain substrings of everything, decoded in every way there is."""

from __future__ import annotations

import base64
import binascii
import gzip
import html
import io
import re
import unicodedata
import urllib.parse
import zipfile
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from tests.deid.planter.person import Person
from tests.deid.planter.places import alike

_OTHERS = re.compile(r"[^A-Za-z0-9]+")


@lru_cache(maxsize=1 << 14)
def _flat(text: str) -> str:
    """Return only letters and digits, lower case, without accents."""
    if text.isascii():
        return _OTHERS.sub("", text).lower()
    plain = unicodedata.normalize("NFKD", text)
    return "".join(each for each in plain.lower() if each.isalnum())


_UMLAUTS: dict[int, str | int | None] = {ord("ü"): "ue", ord("ö"): "oe", ord("ä"): "ae", ord("ø"): "oe"}


def needles(person: Person, *, dates: bool, uids: bool, institution: bool, device: bool) -> dict[str, str]:
    """Return what must not be found, flattened, by kind; what the profile keeps by its options is none."""
    bare = {
        "family": person.family,
        "given": person.given,
        "accented": person.accented,
        "transliterated": person.accented.translate(_UMLAUTS),
        "mojibake": person.accented.encode().decode("latin-1"),
        "family, alike": alike(person.family),
        "given, alike": alike(person.given).upper(),
        "han": person.han,
        "physician": person.physician,
        "patient id": person.patient_id,
        "number": person.patient_id[3:],
        "accession": person.accession,
        "phone": person.phone,
        "mail": person.mail,
        "street": person.street,
    }
    if not institution:
        bare["institution"] = person.institution
    if not device:
        bare["serial"] = person.serial
    if not uids:
        bare["uid"] = person.uid
    for name, day in (("birth", person.birth), ("study", person.study)):
        if not dates:
            year, month, date = day[:4], day[4:6], day[6:]
            bare[f"{name} date"] = day
            bare[f"{name} date, European"] = date + month + year
            bare[f"{name} date, American"] = month + date + year
            bare[f"{name} date, written"] = f"{date}{_MONTHS[int(month) - 1]}{year}"
    return {kind: _flat(text) for kind, text in bare.items()}


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep")


def left(tree: Any, wanted: dict[str, str]) -> set[tuple[str, str]]:
    """Return (kind, where it stands by keyword) of everything that is still in the tree."""
    found: set[tuple[str, str]] = set()
    for where, text in _strings(tree, ""):
        for reading in _readings(text):
            flat = _flat(reading)
            found |= {(kind, where) for kind, needle in wanted.items() if needle in flat}
    return found


def _strings(value: Any, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield f"{where}, as a key", key
            yield from _strings(each, where if re.fullmatch(r"[0-9.]+", key) else key)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each, where)
    elif value is not None:
        yield where, str(value)


def _readings(text: str) -> Iterator[str]:
    yield text
    yield urllib.parse.unquote(text)
    yield html.unescape(text)
    if re.fullmatch(r"(?:[0-9a-f]{2}){4,}", text):
        yield bytes.fromhex(text).decode("latin-1")
    for run in (text, *re.findall(r"[A-Za-z0-9+/]{8,}={0,2}", text)):
        try:
            data = base64.b64decode(run, validate=True)
        except (binascii.Error, ValueError):
            continue
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
        if data[:4] == b"PK\x03\x04":
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                data = b"".join(archive.read(name) for name in archive.namelist())
        for charset in ("utf-8", "latin-1", "utf-16-le", "utf-16-be", "shift_jis"):
            yield data.decode(charset, "ignore")
