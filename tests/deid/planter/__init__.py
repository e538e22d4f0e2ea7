"""Plant made-up identifiers in real documents, and find what of them is left: shares nothing with what it tests.

Names are made of syllables that no word holds, so that plain substrings tell: a hit is a leak, wherever it stands.
"""

from __future__ import annotations

from tests.deid.planter.finding import left, needles
from tests.deid.planter.person import Person, made_up
from tests.deid.planter.places import KEEPERS, PLACES, Plant, plant, plant_keepers

__all__ = ["KEEPERS", "PLACES", "Person", "Plant", "left", "made_up", "needles", "plant", "plant_keepers"]
