from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, IncompleteReadError, NoCredentialsError, NoRegionError

from lgtm.storage.s3_errors import Meaning, is_past_the_end, meaning_of


def answer(status: int, code: str = "") -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "PutObject")


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (answer(412, "PreconditionFailed"), Meaning.EXISTS),
        (answer(304, "304"), Meaning.EXISTS),
        (answer(404, "NoSuchKey"), Meaning.ABSENT),
        (answer(404, "404"), Meaning.ABSENT),
        (answer(404, "NoSuchBucket"), Meaning.PERMANENT),
        (answer(409, "ConditionalRequestConflict"), Meaning.PASSING),
        (answer(429), Meaning.PASSING),
        (answer(500, "InternalError"), Meaning.PASSING),
        (answer(503, "SlowDown"), Meaning.PASSING),
        (answer(200, "InternalError"), Meaning.PASSING),  # an error in the body of a multipart completion
        (answer(400, "RequestTimeout"), Meaning.PASSING),
        (answer(400, "BadDigest"), Meaning.PASSING),
        (answer(403, "RequestTimeTooSkewed"), Meaning.PASSING),
        (answer(400, "InvalidArgument"), Meaning.PERMANENT),
        (answer(403, "AccessDenied"), Meaning.PERMANENT),
        (ClientError({}, "PutObject"), Meaning.PERMANENT),
        (EndpointConnectionError(endpoint_url="x"), Meaning.PASSING),
        (ConnectTimeoutError(endpoint_url="x"), Meaning.PASSING),
        (IncompleteReadError(actual_bytes=1, expected_bytes=2), Meaning.PASSING),
        (ConnectionResetError(), Meaning.PASSING),
        (NoCredentialsError(), Meaning.PERMANENT),
        (NoRegionError(), Meaning.PERMANENT),
    ],
)
def test_each_answer_has_one_meaning(error: ClientError, meaning: Meaning) -> None:
    assert meaning_of(error) is meaning


def test_only_a_refused_range_is_past_the_end() -> None:
    assert is_past_the_end(answer(416, "InvalidRange"))
    assert not is_past_the_end(answer(404, "NoSuchKey"))
