"""What boto3 raises, said in curator's errors: what happened, to what, and what to do next; never a value or UID."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from curator.errors import (
    CuratorError,
    LimitExceeded,
    Moved,
    NotFound,
    ServiceError,
    Throttled,
    Unreachable,
    UsageError,
)

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

WRITES_TO_IMAGE_SETS = frozenset({"UpdateImageSetMetadata", "CopyImageSet", "DeleteImageSet"})
"""Operations that name a version or take the lock: a conflict on them means that the set moved on."""

NEVER_TWICE = WRITES_TO_IMAGE_SETS
"""Operations without a client token: re-sent after a lost answer they may happen twice, or seem refused."""

THROTTLES = frozenset(
    {"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded"}
)

_SIGNATURE_HINT = "the credentials are not those of this endpoint; renew them, or check AWS_PROFILE"
CREDENTIAL_HINTS = {
    "ExpiredTokenException": "the session has expired; sign in again (aws sso login)",
    "ExpiredToken": "the session has expired; sign in again (aws sso login)",
    "UnrecognizedClientException": _SIGNATURE_HINT,
    "InvalidSignatureException": _SIGNATURE_HINT,
    "SignatureDoesNotMatch": _SIGNATURE_HINT,
    "InvalidClientTokenId": _SIGNATURE_HINT,
    "MissingAuthenticationTokenException": _SIGNATURE_HINT,
    "IncompleteSignature": _SIGNATURE_HINT,
}

_UID = re.compile(r"\d+(?:\.\d+){3,}")
_PARAMETER = re.compile(r"parameter[^\n]*?[:\s]\"?([A-Za-z][\w.\[\]]*)\"?")


@contextmanager
def explained(operation: str, subject: str = "", *, service: str = "medical-imaging") -> Iterator[None]:
    """Turn what boto3 raises inside into a `CuratorError` that names the operation and the ``subject`` (an id).

    ``service`` is the prefix of the IAM action that a caller without permission is told.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        failure: CuratorError = _refused_by_service(error, operation, subject, service)
    except BotoCoreError as error:
        failure = _never_answered(error, operation)
    else:
        return
    raise failure from None  # the original holds the request's values


def without_uids(message: str) -> str:
    """Return a service's message without the UIDs it may repeat."""
    return _UID.sub("(a UID)", message)


def _refused_by_service(error: ClientError, operation: str, subject: str, service: str) -> CuratorError:
    details = error.response.get("Error", {})
    code = details.get("Code", "") or "an error without a code"
    reason = without_uids(details.get("Message", "") or "no reason given")
    text = f"{operation}{f' of {subject}' if subject else ''}: {reason} ({code})"
    if code in THROTTLES:
        return Throttled(
            text, code=code, operation=operation, hint="the account's rate is used up; wait, then go on"
        )
    if code == "ResourceNotFoundException":
        # assumption: a stale latestVersionId is told from a missing set by this word of the answer (seen in
        # practitioners' code: "Requested version(s) of ImageSet(s) is not the latest.").
        if operation in WRITES_TO_IMAGE_SETS and "latest" in reason:
            return Moved(text, code=code, operation=operation, hint="its version has moved on; look again")
        return NotFound(text, code=code, operation=operation, hint="`curator list` shows what is there")
    if code == "ConflictException" and operation in WRITES_TO_IMAGE_SETS:
        # assumption: a write on a LOCKED set answers ConflictException.
        return Moved(text, code=code, operation=operation, hint="another operation is going on; look again")
    if code == "ServiceQuotaExceededException":
        return LimitExceeded(text, hint="the guide's chapter on quotas names the limits")
    return ServiceError(text, code=code, operation=operation, hint=_hint(code, f"{service}:{operation}"))


def _hint(code: str, action: str) -> str:
    if code in {"AccessDeniedException", "AccessDenied"}:
        return f"the caller needs the IAM action {action}"
    return CREDENTIAL_HINTS.get(code, "")


def _never_answered(error: Exception, operation: str) -> CuratorError:
    from botocore import exceptions

    match error:
        case exceptions.ParamValidationError():
            # Its own message repeats the arguments; only their names are kept.
            names = ", ".join(sorted(set(_PARAMETER.findall(str(error)))))
            return UsageError(f"{operation}: the call's arguments do not fit the API ({names or 'unnamed'})")
        case exceptions.NoCredentialsError() | exceptions.PartialCredentialsError():
            hint = "set AWS_PROFILE, or sign in (aws configure, aws sso login)"
            return ServiceError(f"{operation}: no AWS credentials were found", operation=operation, hint=hint)
        case exceptions.ProfileNotFound():
            return UsageError(
                "AWS_PROFILE names a profile that is not configured", hint="aws configure list-profiles"
            )
        case exceptions.NoRegionError():
            return UsageError(
                "no AWS region is set", hint="set AWS_DEFAULT_REGION, or a region in the profile"
            )
        case exceptions.HTTPClientError() | exceptions.ConnectionError():
            lost = operation in NEVER_TWICE and not isinstance(error, exceptions.EndpointConnectionError)
            unknown = "; whether it was carried out is not known" if lost else ""
            hint = (
                "`curator versions ID` shows whether it happened"
                if lost
                else "is the endpoint up, and the region right?"
            )
            return Unreachable(
                f"{operation}: no answer ({type(error).__name__}){unknown}", operation=operation, hint=hint
            )
        case _:
            return ServiceError(f"{operation}: {type(error).__name__}", operation=operation)
