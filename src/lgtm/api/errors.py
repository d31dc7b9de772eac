"""The one table from kinds of errors to status codes, and the forms in which an error is told.

What is not of our kinds is a bug: it is logged with its traceback, and the caller hears no more than "internal error".
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence

import grpc
from google.rpc import code_pb2
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from lgtm.api.json_text import json_bytes
from lgtm.errors import BadRequest, Corruption, LgtmError, LimitExceeded, NotFound, Unavailable
from lgtm.promql.errors import EvaluationError, TooManySamples
from lgtm.query.admission import QueryTimeout
from lgtm.telemetry import event
from lgtm.wire.bounds import BodyTooLarge, NoStreams

logger = logging.getLogger(__name__)


class NoTenant(BadRequest):
    """The request does not say whose it is."""

    def __str__(self) -> str:
        return "no org id"


class NotAccepted(BadRequest):
    """A body of a kind that nobody reads here."""


class UnsupportedMediaType(NotAccepted):
    """A content type that nobody reads here."""

    def __init__(self, content_type: str, supported: Sequence[str] = ("application/json", "application/x-protobuf")) -> None:
        self.content_type, self.supported = content_type, supported

    def __str__(self) -> str:
        return f"415 unsupported media type, supported: [{', '.join(self.supported)}]"


class TraceTooLarge(BadRequest):
    """The older form has no way to say that a trace is not whole."""

    def __init__(self, bytes_max: int) -> None:
        self.bytes_max = bytes_max

    def __str__(self) -> str:
        return f"trace exceeds max size (max bytes: {self.bytes_max})"


class BodyTooSlow(BadRequest):
    """A body did not arrive in time."""

    def __init__(self, timeout_s: float) -> None:
        self.timeout_s = timeout_s

    def __str__(self) -> str:
        return f"request body did not arrive within {self.timeout_s:g}s"


class PromQLTimeout(QueryTimeout):
    """As Prometheus words it. stage: what the query was at."""

    def __init__(self, stage: str = "expression evaluation") -> None:
        super().__init__(stage)
        self.stage = stage

    def __str__(self) -> str:
        return f"query timed out in {self.stage}"


class AdminDisabled(BadRequest):
    """Series are deleted only where the operator has allowed it."""

    def __str__(self) -> str:
        return "admin APIs disabled"


class NoSnapshots(BadRequest):
    """There is nothing to make a snapshot of: blocks never change, and lie in the object store already."""

    def __str__(self) -> str:
        return "snapshots are not taken: blocks never change, so copy the object store"


STATUS: dict[type[LgtmError], int] = {
    NoTenant: 401,
    BodyTooSlow: 408,
    NotAccepted: 415,
    NoStreams: 422,
    TraceTooLarge: 422,
    EvaluationError: 422,
    TooManySamples: 422,
    AdminDisabled: 500,
    NoSnapshots: 501,
    BodyTooLarge: 413,
    PromQLTimeout: 503,
    QueryTimeout: 504,
    BadRequest: 400,
    LimitExceeded: 429,
    NotFound: 404,
    Unavailable: 503,
    Corruption: 500,
    LgtmError: 500,
}
"""The nearest class on the way to the root decides; an error that needs a status of its own adds its class here."""

GRPC_STATUS: dict[type[LgtmError], grpc.StatusCode] = {
    NoTenant: grpc.StatusCode.UNAUTHENTICATED,
    QueryTimeout: grpc.StatusCode.DEADLINE_EXCEEDED,
    BadRequest: grpc.StatusCode.INVALID_ARGUMENT,
    LimitExceeded: grpc.StatusCode.RESOURCE_EXHAUSTED,
    NotFound: grpc.StatusCode.NOT_FOUND,
    Unavailable: grpc.StatusCode.UNAVAILABLE,
    Corruption: grpc.StatusCode.DATA_LOSS,
    LgtmError: grpc.StatusCode.INTERNAL,
}

_PROMETHEUS_TYPES = {
    400: "bad_data",
    401: "unauthorized",
    404: "not_found",
    413: "bad_data",
    422: "execution",
    429: "too_many_requests",
    503: "unavailable",
    504: "timeout",
}
"""By the status, where the class does not say."""
_PROMETHEUS_TYPE_OF: dict[type[BaseException], str] = {QueryTimeout: "timeout", AdminDisabled: "unavailable", NoSnapshots: "unavailable"}
_INTERNAL = "internal error"
_NOT_ROUTED = {404: "404 page not found", 405: "Method Not Allowed"}


def status_of(error: BaseException) -> int:
    """The HTTP status of an error."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def grpc_status_of(error: BaseException) -> grpc.StatusCode:
    return next((GRPC_STATUS[kind] for kind in type(error).__mro__ if kind in GRPC_STATUS), grpc.StatusCode.INTERNAL)


def grpc_code(status: grpc.StatusCode) -> int:
    """The number of a gRPC status, as in google.rpc.Status."""
    return int(code_pb2.Code.Value(status.name))


def retry_after_s(error: BaseException) -> float | None:
    """When a retry may succeed; None when it is of no use or nobody knows."""
    return error.retry_after_s if isinstance(error, LimitExceeded | Unavailable) else None


def message_of(error: BaseException) -> str:
    """What the caller is told. A bug is logged here and not told."""
    if isinstance(error, LgtmError):
        return str(error)
    logger.error("request failed", exc_info=error, extra={"fields": {"error_type": type(error).__name__}})
    return _INTERNAL


def error_headers(error: BaseException) -> dict[str, str]:
    wait_s = retry_after_s(error)
    return {} if wait_s is None else {"Retry-After": str(max(1, math.ceil(wait_s)))}


def text_error(error: BaseException) -> Response:
    """Plain text, as Loki answers."""
    headers = error_headers(error) | {"X-Content-Type-Options": "nosniff"}
    return Response(f"{message_of(error)}\n", status_of(error), headers, media_type="text/plain")


def json_error(error: BaseException) -> Response:
    """`{"status": "error", "errorType": …, "error": …}`, as Prometheus answers and Loki's format_query and rules do."""
    body = {"status": "error", "errorType": _prometheus_type(error), "error": message_of(error)}
    return Response(json_bytes(body), status_of(error), error_headers(error), media_type="application/json")


def _prometheus_type(error: BaseException) -> str:
    told = next((_PROMETHEUS_TYPE_OF[kind] for kind in type(error).__mro__ if kind in _PROMETHEUS_TYPE_OF), None)
    return told or _PROMETHEUS_TYPES.get(status_of(error), "internal")


async def not_routed(_: Request, error: Exception) -> Response:
    """For paths and methods that nobody answers, as Go's servers say it: clients show the text to people."""
    assert isinstance(error, HTTPException)
    text = _NOT_ROUTED.get(error.status_code, error.detail)
    return Response(f"{text}\n", error.status_code, {**(error.headers or {}), "X-Content-Type-Options": "nosniff"}, media_type="text/plain")


def client_gone() -> Response:
    """Nobody reads this; the status is for logs and metrics."""
    event(logger, logging.DEBUG, "client closed the connection")
    return Response(status_code=499)
