"""The errors that the service's model declares, as exceptions that the wire turns into answers."""

from __future__ import annotations

import re


class Fault(Exception):
    """An answer that refuses: ``code`` is the shape's name in the service model.

    A message names parameters and attributes, never their values: it reaches logs and screens.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def invalid(message: str) -> Fault:
    """Return a ValidationException (400): the request cannot be right, whatever the store holds."""
    return Fault("ValidationException", message)


def not_found(message: str) -> Fault:
    """Return a ResourceNotFoundException (404)."""
    return Fault("ResourceNotFoundException", message)


def conflict(message: str) -> Fault:
    """Return a ConflictException (409): the resource's state does not allow it now."""
    return Fault("ConflictException", message)


def over_quota(message: str) -> Fault:
    """Return a ServiceQuotaExceededException (402)."""
    return Fault("ServiceQuotaExceededException", message)


def throttled() -> Fault:
    """Return a ThrottlingException (429)."""
    return Fault("ThrottlingException", "Rate exceeded")


class Failed(Exception):
    """An accepted operation that ends in …_FAILED; the text becomes the version's ``message``."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def shown(key: str) -> str:
    """Return an attribute's key as a message may show it; a stranger's text is not repeated."""
    return key if re.fullmatch(r"[A-Za-z0-9]{1,64}", key) else "A key that is no attribute's"
