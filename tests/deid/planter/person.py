"""A person who does not exist, drawn from a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass

_HEADS = ("Kvar", "Zweb", "Brox", "Tsyl", "Gwyn", "Phlo", "Vrej", "Skud", "Quim", "Djor")
_BODIES = ("asti", "omel", "ubri", "enka", "iqua", "ozzi", "abju", "ewyr")
_TAILS = ("ndov", "lthar", "xelly", "rgstad", "pkova", "mzadeh")
_ACCENTED = ("Zürvö", "Bjørvä", "Çelgü", "Nýrvá")
_HAN = ("鷹司院", "蘇我部", "勅使河", "長曾我")
_HAN_GIVEN = ("麗華子", "清麿呂", "綾瀬乃", "篤史郎")


@dataclass(frozen=True)
class Person:
    """Everything by which one made-up person could be recognised."""

    family: str
    given: str
    accented: str
    """Another family name (a mother's), with letters beyond ASCII."""
    han: str
    han_given: str
    short: str
    """A name of three letters."""
    physician: str
    patient_id: str
    accession: str
    phone: str
    mail: str
    street: str
    institution: str
    birth: str
    study: str
    uid: str
    serial: str


def made_up(seed: int) -> Person:
    """Return the person that ``seed`` stands for; other seeds give others."""
    draw = random.Random(seed)

    def name() -> str:
        return draw.choice(_HEADS) + draw.choice(_BODIES) + draw.choice(_TAILS)

    family = name()
    given = next(other for other in iter(name, "") if other != family)
    physician = next(other for other in iter(name, "") if other not in (family, given))
    digits = "".join(draw.choices("123456789", k=9))
    return Person(
        family=family,
        given=given,
        accented=draw.choice(_ACCENTED) + draw.choice(_TAILS),
        han=draw.choice(_HAN),
        han_given=draw.choice(_HAN_GIVEN),
        short=draw.choice(("Qyx", "Zvu", "Jxo")),
        physician=physician,
        patient_id=f"QZ-{digits}",
        accession=f"AC{draw.randrange(10**7, 10**8)}X",
        phone=f"555-{draw.randrange(200, 999)}-{draw.randrange(1000, 9999)}",
        mail=f"{given.lower()}@{family.lower()}.example",
        street=f"{draw.randrange(100, 999)} {name()} Lane",
        institution=f"{name()} {draw.choice(('Clinic', 'Hospital', 'Infirmary'))}",
        birth=f"19{draw.randrange(40, 79)}0{draw.randrange(1, 9)}{draw.randrange(13, 28)}",
        study=f"201{draw.randrange(0, 9)}0{draw.randrange(1, 9)}{draw.randrange(13, 28)}",
        uid=f"1.2.826.0.1.{draw.randrange(10**8, 10**9)}.{draw.randrange(10**8, 10**9)}.{draw.randrange(10**6)}",
        serial=f"SN{draw.randrange(10**8, 10**9)}",
    )
