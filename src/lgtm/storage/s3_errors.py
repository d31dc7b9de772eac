"""What an S3 answer means for the caller: which failures pass by themselves, which say something about the object, which need a person."""

from __future__ import annotations

import enum

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
)

_PERMANENT = (NoCredentialsError, PartialCredentialsError, NoRegionError, ParamValidationError)
_PASSING_CODES = frozenset(
    {
        "SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout", "RequestTimeTooSkewed", "ExpiredToken", "Throttling",
        "ThrottlingException", "BadDigest", "ConditionalRequestConflict", "OperationAborted",
    }
)  # fmt: skip


class Meaning(enum.Enum):
    ABSENT = "absent"
    """No such object."""
    EXISTS = "exists"
    """The condition that it be absent does not hold."""
    PASSING = "passing"
    """Try again: the store is busy, the connection broke, or two conditional puts met."""
    PERMANENT = "permanent"
    """Credentials, bucket, policy or a request that cannot be: trying again changes nothing."""


def meaning_of(error: BotoCoreError | ClientError | OSError) -> Meaning:
    if not isinstance(error, ClientError):
        return Meaning.PERMANENT if isinstance(error, _PERMANENT) else Meaning.PASSING
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _PASSING_CODES or status in (409, 429) or status >= 500:
        return Meaning.PASSING
    if status == 412 or code in ("PreconditionFailed", "304"):
        return Meaning.EXISTS  # an older MinIO answered 304 to a failed condition (minio/minio#19442)
    if status == 404 and code != "NoSuchBucket":
        return Meaning.ABSENT
    return Meaning.PERMANENT


def is_past_the_end(error: ClientError) -> bool:
    """Whether a range was refused because the object ends before it."""
    return str(error.response.get("Error", {}).get("Code", "")) in ("InvalidRange", "416")
