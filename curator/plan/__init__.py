"""Findings become plans: ordered changes, packed into the service's calls, with the cost said beforehand.

`updates.plan_update` is the door for changes to one image set; `merging`, `splitting` and `publishing` plan what
also takes copies; `units` holds what all of them yield: the steps that a campaign executes, exactly.
Pure: documents and changes in, plans out.
"""

from __future__ import annotations

from curator.plan.leftout import LeftOut
from curator.plan.packing import Call, Payload
from curator.plan.settling import Conflict
from curator.plan.updates import ImageSetUpdate, plan_update

__all__ = ["Call", "Conflict", "ImageSetUpdate", "LeftOut", "Payload", "plan_update"]
