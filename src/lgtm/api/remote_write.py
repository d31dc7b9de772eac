"""Prometheus remote write, 1.0 and 2.0: `POST /api/v1/write`, and Mimir's `/api/v1/push`, at the root and under `/prometheus`.

Which of the two a body is, its content type says. Success is 204, and every answer tells in headers how much was stored. Of a request that is refused
in part (400) the rest is stored in both versions, also where Prometheus would store nothing: senders do not send it again. Of 1.0, series with labels
that make no sense, exemplars and metadata are left out without an error, as Prometheus does.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from functools import partial

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from lgtm.api.bodies import Bodies
from lgtm.api.errors import NotAccepted, client_gone, text_error
from lgtm.api.metrics import PushMetrics
from lgtm.api.tenancy import ORG_ID_HEADER, Tenancy
from lgtm.distributor.refusals import Reason, SamplesRefused, Written
from lgtm.errors import BadRequest
from lgtm.model.tenant import Tenant
from lgtm.wire.bounds import BodyBounds, MalformedBody
from lgtm.wire.compression import snappy_block
from lgtm.wire.decoded_samples import DecodedSamples, Loss
from lgtm.wire.remote_write import MESSAGE_1, decode_remote_write_1
from lgtm.wire.remote_write_2 import MESSAGE_2, decode_remote_write_2

PATHS = ("/api/v1/write", "/api/v1/push", "/prometheus/api/v1/write", "/prometheus/api/v1/push")
V1, V2 = MESSAGE_1, MESSAGE_2
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
"""All but POST are answered here, too: with text and headers, as senders expect them."""
_DECODERS = {V1: decode_remote_write_1, V2: decode_remote_write_2}
_IGNORED_OF_1 = {
    Reason.MISSING_LABELS, Reason.INVALID_LABELS, Reason.DUPLICATE_LABEL_NAMES, Reason.MAX_LABEL_NAMES_PER_SERIES,
    Reason.LABEL_NAME_TOO_LONG, Reason.LABEL_VALUE_TOO_LONG, Reason.EXEMPLAR_TOO_FAR_IN_FUTURE, Loss.INVALID_EXEMPLAR,
    Loss.INVALID_METADATA,
}  # fmt: skip

_TOO_FAR = "out of bounds: "

Push = Callable[[Tenant, DecodedSamples], Awaitable[Written]]


def remote_write_routes(push: Push, tenancy: Tenancy, bodies: Bodies, metrics: PushMetrics) -> list[Route]:
    async def endpoint(request: Request) -> Response:
        if request.method != "POST":
            return _with(Response("Method Not Allowed", 405, {"Allow": "POST"}, media_type="text/plain"), Written())
        start, path = time.perf_counter(), PATHS[0]
        try:
            tenant = tenancy.tenant(request.headers.get(ORG_ID_HEADER))
            message = message_of(request.headers.get("content-type"), request.headers.get("content-encoding"))
            with bodies.hold() as hold:
                body = await hold.read(request)
                metrics.received(path, len(body))
                decoded = await hold.decode(body, partial(_decode, message, bodies.config.bounds))
                metrics.decoded(path, len(decoded))
                response = await _answer(push, tenant, decoded, message)
        except ClientDisconnect:
            response = client_gone()
        except Exception as error:
            response = _with(text_error(error), Written())
        metrics.answered(path, str(response.status_code), time.perf_counter() - start)
        return response

    return [Route(path, endpoint, methods=_METHODS) for path in PATHS]


async def _answer(push: Push, tenant: Tenant, decoded: DecodedSamples, message: str) -> Response:
    try:
        return _with(Response(status_code=204), await push(tenant, decoded))
    except SamplesRefused as error:
        told = [refusal for refusal in error.refusals if message == V2 or refusal.reason not in _IGNORED_OF_1]
        if not told:
            return _with(Response(status_code=204), error.written)
        text = str(SamplesRefused(told, error.written))
        return _with(text_error(BadRequest(text if message == V2 else _unnamed(text))), error.written)


def _unnamed(text: str) -> str:
    """As Prometheus answers 1.0: without the series that are too far in the future, however many."""
    return "\n".join(dict.fromkeys(line.split(" for series {")[0] if line.startswith(_TOO_FAR) else line for line in text.split("\n")))


def message_of(content_type: str | None, encoding: str | None) -> str:
    """V1 or V2. Raises NotAccepted."""
    if encoding and encoding.lower() != "snappy":
        raise NotAccepted(f"{encoding} encoding (compression) is not accepted by this server; only snappy is acceptable")
    if not content_type:
        return V1
    media, *parameters = (part.strip() for part in content_type.split(";"))
    if media.lower() != "application/x-protobuf":
        raise NotAccepted(f"expected application/x-protobuf as the first (media) part, got {content_type} content-type")
    for parameter in parameters:
        name, equals, value = parameter.partition("=")
        if not equals:
            rule = "as per https://www.rfc-editor.org/rfc/rfc9110#parameter expected parameters to be key-values"
            raise NotAccepted(f"{rule}, got {parameter} in {content_type} content-type")
        if name.strip().lower() == "proto":
            message = value.strip().strip('"')
            if message not in _DECODERS:
                unknown = f"unknown type for remote write protobuf message {message}, supported: {V1}, {V2}"
                raise NotAccepted(f"got {content_type} content type; {unknown}")
            return message
    return V1


def _decode(message: str, bounds: BodyBounds, body: bytes, bytes_max: int) -> DecodedSamples:
    try:
        data = snappy_block(body, bytes_max=bytes_max)
    except MalformedBody as error:
        raise MalformedBody("s2: corrupt input") from error
    return _DECODERS[message](data, bounds=bounds)


def _with(response: Response, written: Written) -> Response:
    for name, count in (("Samples", written.samples), ("Histograms", written.histograms), ("Exemplars", written.exemplars)):
        response.headers[f"X-Prometheus-Remote-Write-{name}-Written"] = str(count)
    return response
