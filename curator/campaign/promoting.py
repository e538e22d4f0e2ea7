"""Whether published copies can be made primary (``promoteToPrimary``, later editions of the guide).

An embedded store's edition is known when a publication is planned; what a store elsewhere knows shows in its image
sets, or only when it is asked: then the plan says what it assumes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from curator.errors import UsageError

if TYPE_CHECKING:
    from curator.catalogue import Catalogue

ASSUMES: Final = "assumes"
"""Under this name a plan's options say what it takes for granted of the store."""
UNSEEN: Final = "the store knows primary image sets, though none was seen there: where it does not, it refuses each unit's last copy"
REFUSED: Final = (
    "The copy was to be made primary (--promote): where the store knows no primary image sets, `curator undo` takes "
    "back what was begun, and a plan without --promote publishes"
)
NOT_BEGUN: Final = "not begun: the store refused to make another unit's copy primary"


def taken_for_granted(catalogue: Catalogue, store: str) -> str:
    """Return what a plan that promotes assumes of the store that a spec names, "" where it is known to be so.

    UsageError where the store is known to have no primary image sets.
    """
    from curator.localstore.editions import edition
    from curator.stores import DEFAULT_EDITION, local_edition, local_folder

    if store.startswith("local"):
        known = edition(local_edition(store) or DEFAULT_EDITION)
        if known.primary_image_sets:
            return ""
        raise UsageError(
            f"The store answers as edition {known.name} of the service, which has no primary image sets: "
            "nothing can be promoted.",
            hint=f"drop --promote, or name the store local:{local_folder(store)}?edition=2025-07",
        )
    # assumption: a store that shows primary image sets takes promoteToPrimary.
    return "" if any(row.primary for row in catalogue.rows()) else UNSEEN
