"""The table of errors: every kind has its status, HTTP and gRPC agree, and bugs are not told to callers."""

from __future__ import annotations

import json
import logging

import grpc
import pytest

from lgtm.api.errors import (
    AdminDisabled,
    BodyTooSlow,
    NoSnapshots,
    NoTenant,
    PromQLTimeout,
    error_headers,
    grpc_code,
    grpc_status_of,
    json_error,
    message_of,
    retry_after_s,
    status_of,
    text_error,
)
from lgtm.errors import BadRequest, Corruption, LimitExceeded, NotFound, Unavailable
from lgtm.model.tenant import InvalidTenant
from lgtm.promql.errors import EvaluationError, TooManySamples
from lgtm.query.admission import QueryTimeout
from lgtm.wire.bounds import CompressedTooLarge, MalformedBody, NoStreams, TooManyRows
from lgtm.wire.labels_text import InvalidLabels

Code = grpc.StatusCode


class Busy(LimitExceeded):
    retry_after_s = 2.4


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (NoTenant(), 401, Code.UNAUTHENTICATED),
        (BodyTooSlow(60), 408, Code.INVALID_ARGUMENT),
        (InvalidTenant("x"), 400, Code.INVALID_ARGUMENT),
        (BadRequest("x"), 400, Code.INVALID_ARGUMENT),
        (MalformedBody("x"), 400, Code.INVALID_ARGUMENT),
        (InvalidLabels("x"), 400, Code.INVALID_ARGUMENT),
        (NoStreams(), 422, Code.INVALID_ARGUMENT),
        (CompressedTooLarge(2, 1), 413, Code.RESOURCE_EXHAUSTED),
        (TooManyRows(1), 413, Code.RESOURCE_EXHAUSTED),
        (LimitExceeded("x"), 429, Code.RESOURCE_EXHAUSTED),
        (Busy("x"), 429, Code.RESOURCE_EXHAUSTED),
        (NotFound("x"), 404, Code.NOT_FOUND),
        (EvaluationError("x"), 422, Code.INVALID_ARGUMENT),
        (TooManySamples(), 422, Code.RESOURCE_EXHAUSTED),
        (QueryTimeout(), 504, Code.DEADLINE_EXCEEDED),
        (PromQLTimeout(), 503, Code.DEADLINE_EXCEEDED),
        (AdminDisabled(), 500, Code.INVALID_ARGUMENT),
        (NoSnapshots(), 501, Code.INVALID_ARGUMENT),
        (Unavailable("x"), 503, Code.UNAVAILABLE),
        (Corruption("x"), 500, Code.DATA_LOSS),
        (ValueError("x"), 500, Code.INTERNAL),
    ],
)
def test_each_kind_has_its_status(error: Exception, status: int, code: grpc.StatusCode) -> None:
    assert status_of(error) == status
    assert grpc_status_of(error) is code
    assert grpc_code(code) == code.value[0]


@pytest.mark.parametrize(
    ("error", "wait_s", "headers"),
    [
        (BadRequest("x"), None, {}),
        (LimitExceeded("x"), None, {}),
        (Busy("x"), 2.4, {"Retry-After": "3"}),
        (Unavailable("x"), 1.0, {"Retry-After": "1"}),
        (ValueError("x"), None, {}),
    ],
)
def test_retry_after_is_told_where_waiting_helps(error: Exception, wait_s: float | None, headers: dict[str, str]) -> None:
    assert retry_after_s(error) == wait_s
    assert error_headers(error) == headers


def test_text_answers_are_plain_text_that_no_browser_takes_for_another_type() -> None:
    response = text_error(Busy("slow down"))
    assert response.status_code == 429
    assert response.body == b"slow down\n"
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["retry-after"] == "3"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (BadRequest("why"), "bad_data"),
        (EvaluationError("why"), "execution"),
        (NotFound("why"), "not_found"),
        (Unavailable("why"), "unavailable"),
        (LimitExceeded("why"), "too_many_requests"),
        (Corruption("why"), "internal"),
        (PromQLTimeout(), "timeout"),
        (QueryTimeout(), "timeout"),
        (AdminDisabled(), "unavailable"),
    ],
)
def test_json_answers_have_the_form_of_prometheus(error: Exception, kind: str) -> None:
    response = json_error(error)
    assert response.headers["content-type"] == "application/json"
    assert json.loads(bytes(response.body)) == {"status": "error", "errorType": kind, "error": str(error)}


def test_a_message_may_cite_bytes_that_are_no_utf8() -> None:
    assert json.loads(bytes(json_error(BadRequest("\udcff")).body))["error"] == "\ufffd"


def test_a_bug_is_logged_and_not_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        assert message_of(KeyError("secret")) == "internal error"
    assert "secret" in caplog.text
