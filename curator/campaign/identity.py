"""Who does it: the operating system's user, and on AWS the caller's ARN."""

from __future__ import annotations

from curator.audit import os_user


def who(spec: str) -> dict[str, str]:
    """Return what the ledger says of the person at the keyboard; ``spec`` is the ``--store``."""
    found = {"user": os_user()}
    if spec.startswith("aws:"):
        found["arn"] = _caller_arn()
    return found


def _caller_arn() -> str:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return str(boto3.client("sts").get_caller_identity()["Arn"])
    except (BotoCoreError, ClientError):
        return "unknown (sts:GetCallerIdentity gave no answer)"
