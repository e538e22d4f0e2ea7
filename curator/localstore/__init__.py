"""The embedded data store: speaks the HealthImaging REST API, in the same process or over HTTP.

It shares only `curator.dicom`'s facts with the rest: what checks and the screens know of it, they know
through the API.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from curator.localstore.inprocess import inprocess_client
    from curator.localstore.limits import Limits
    from curator.localstore.store import LocalStore
    from curator.localstore.wire import WireRequest, WireResponse

__all__ = ["Limits", "LocalStore", "WireRequest", "WireResponse", "inprocess_client"]

_ROOMS = {
    "Limits": "limits",
    "LocalStore": "store",
    "WireRequest": "wire",
    "WireResponse": "wire",
    "inprocess_client": "inprocess",
}


def __getattr__(name: str) -> object:
    """Load a public name's module when it is first asked for."""
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_ROOMS[name]}"), name)
