"""The errors curator raises on purpose, and the exit codes they carry.

    CuratorError                       1
     ├─ UsageError                     2   the call, or a file the user wrote, is wrong
     │   └─ RuleFileError              2   a rule file; carries every problem, each with its line
     ├─ Refused                        3   nothing was done, because doing it would be wrong
     │   ├─ ReadOnly                   3   the store was opened with --read-only
     │   ├─ LimitExceeded              3   more than --max-image-sets, or than the service allows
     │   └─ ConfirmationMissing        3   what cannot be undone was not confirmed
     ├─ ServiceError                   4   HealthImaging answered with an error, after retries
     │   ├─ NotFound                   4   ResourceNotFoundException
     │   ├─ Moved                      4   the version was not the latest, or the set is locked by others
     │   ├─ Throttled                  4   ThrottlingException
     │   ├─ OperationFailed            4   an accepted operation ended in …_FAILED
     │   └─ Unreachable                4   no answer at all
     ├─ StoreError                     4   the embedded store's folder cannot be used
     ├─ VerificationFailed             5   what is there is not what was planned
     └─ Cancelled                    130   stopped by the user; state is saved

A message says what happened, to what, and what was expected; ``hint`` says what to do next. Neither ever
holds an element's value or a UID: errors reach logs and screens.
"""

from __future__ import annotations


class CuratorError(Exception):
    """Something the user should read: a sentence, and optionally the next step."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  → {self.hint}" if self.hint else self.message


class UsageError(CuratorError):
    """The call's words, or a file that the user wrote, are wrong."""

    exit_code = 2


class RuleFileError(UsageError):
    """A rule file does not hold; ``problems`` lists everything wrong with it, each with its line."""

    def __init__(self, message: str, problems: tuple[str, ...] = (), *, hint: str = "") -> None:
        super().__init__("\n".join([message, *problems]), hint=hint)
        self.problems = problems


class Refused(CuratorError):
    """Nothing was done, because doing it would be wrong."""

    exit_code = 3


class ReadOnly(Refused):
    """The store was opened read-only."""


class LimitExceeded(Refused):
    """A limit, the user's or the service's, would be exceeded."""


class ConfirmationMissing(Refused):
    """What cannot be undone was not confirmed."""


class ServiceError(CuratorError):
    """HealthImaging answered with an error that retrying did not cure.

    ``code`` is the API's own name of the error (``ConflictException``), ``operation`` the API operation.
    """

    exit_code = 4

    def __init__(self, message: str, *, code: str = "", operation: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.code = code
        self.operation = operation


class NotFound(ServiceError):
    """The data store, image set, version or frame is not there (ResourceNotFoundException)."""


class Moved(ServiceError):
    """The version named is not the latest any more, or others hold the lock."""


class Throttled(ServiceError):
    """The account's rate is exhausted (ThrottlingException)."""


class OperationFailed(ServiceError):
    """An accepted operation ended in UPDATE_FAILED, COPY_FAILED or IMPORT_FAILED."""


class Unreachable(ServiceError):
    """The endpoint gave no answer: a refused or lost connection, or a time-out."""


class StoreError(CuratorError):
    """The embedded store's folder cannot be used: full, read-only, foreign, newer or damaged."""

    exit_code = 4


class VerificationFailed(CuratorError):
    """What is there is not what was planned."""

    exit_code = 5


class Cancelled(CuratorError):
    """Stopped by the user; what was begun is recorded and can go on."""

    exit_code = 130
