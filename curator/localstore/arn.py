"""Names of resources: ids and ARNs of an account that exists only here."""

from __future__ import annotations

import secrets

ACCOUNT = "000000000000"
REGION = "us-east-1"
_PREFIX = f"arn:aws:medical-imaging:{REGION}:{ACCOUNT}:datastore/"


def new_id() -> str:
    """Return a random id as the service gives them: 32 hex digits."""
    return secrets.token_hex(16)


def datastore_arn(datastore_id: str) -> str:
    """Return the ARN of a data store."""
    return _PREFIX + datastore_id


def image_set_arn(datastore_id: str, image_set_id: str) -> str:
    """Return the ARN of an image set."""
    return f"{_PREFIX}{datastore_id}/imageset/{image_set_id}"


def resource_of(arn: str) -> tuple[str, str | None] | None:
    """Return the data store id and, if the ARN names one, the image set id; None for another account's resource."""
    if not arn.startswith(_PREFIX):
        return None
    datastore_id, _, image_set_id = arn.removeprefix(_PREFIX).partition("/imageset/")
    return datastore_id, image_set_id or None
