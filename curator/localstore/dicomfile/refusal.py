"""Why a file is not imported: a type that the service uses, and a reason that names elements, never values."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["ImportException", "RefusedFile"]


class ImportException(StrEnum):
    """``exceptionType`` of a line of ``failure.ndjson``.

    The guide shows ValidationException only; assumption: a file beyond a quota of the service carries the name of
    the quota error, and a fault of the store itself that of the server error.
    """

    VALIDATION = "ValidationException"
    QUOTA = "ServiceQuotaExceededException"
    SERVER = "InternalServerException"


class RefusedFile(Exception):
    """A file that cannot be imported. ``reason`` names elements by keyword and says what was expected of them."""

    def __init__(self, reason: str, kind: ImportException = ImportException.VALIDATION) -> None:
        super().__init__(reason)
        self.reason = reason
        self.kind = kind
