"""Remote write over HTTP: which version a body is, how much was written, and what is told of the rest."""

from __future__ import annotations

from typing import Any

import cramjam
import httpx
import pytest
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette

from lgtm.api.bodies import Bodies
from lgtm.api.errors import NotAccepted
from lgtm.api.metrics import PushMetrics
from lgtm.api.remote_write import PATHS, V1, V2, message_of, remote_write_routes
from lgtm.api.tenancy import Tenancy
from lgtm.distributor.refusals import Reason, Refusal, SamplesRefused, Written
from lgtm.errors import LimitExceeded, Unavailable
from lgtm.model.tenant import Tenant
from lgtm.wire.decoded_samples import DecodedSamples, Loss

# up{job="a"} 1 at 5 ms, as WriteRequest 1.0
LABELS = b"\x0a\x0e\x0a\x08__name__\x12\x02up" + b"\x0a\x08\x0a\x03job\x12\x01a"
SERIES = LABELS + b"\x12\x0b\x09\x00\x00\x00\x00\x00\x00\xf0\x3f\x10\x05"
BODY = bytes(cramjam.snappy.compress_raw(b"\x0a" + bytes([len(SERIES)]) + SERIES))
TYPE_1 = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy"}
TYPE_2 = {"Content-Type": f"application/x-protobuf;proto={V2}", "Content-Encoding": "snappy"}

ONE = Written(samples=1)


class Server:
    def __init__(self, outcome: Written | Exception = ONE) -> None:
        self.pushed: list[tuple[Tenant, DecodedSamples]] = []
        self.outcome = outcome

    async def push(self, tenant: Tenant, decoded: DecodedSamples) -> Written:
        self.pushed.append((tenant, decoded))
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    async def post(self, path: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
        return await self.send("POST", path, body, headers)

    async def send(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
        app = Starlette(routes=remote_write_routes(self.push, Tenancy(), Bodies(), PushMetrics(CollectorRegistry())))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://a") as client:
            return await client.request(method, path, content=body, headers={"X-Scope-OrgID": "t"} | headers)


def written(response: httpx.Response) -> list[str]:
    return [response.headers[f"X-Prometheus-Remote-Write-{kind}-Written"] for kind in ("Samples", "Histograms", "Exemplars")]


@pytest.mark.parametrize("path", PATHS)
async def test_samples_are_written_and_counted(path: str) -> None:
    server = Server()
    response = await server.post(path, BODY, TYPE_1)
    assert (response.status_code, response.content, written(response)) == (204, b"", ["1", "0", "0"])
    ((tenant, decoded),) = server.pushed
    assert tenant == "t"
    assert decoded.rows.to_pylist() == [{"series": 0, "ts": 5_000_000, "value": 1.0}]
    assert decoded.labels_of(0) == (("__name__", "up"), ("job", "a"))


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "HEAD"])
async def test_samples_are_posted(method: str) -> None:
    response = await Server().send(method, PATHS[0], BODY, TYPE_1)
    assert (response.status_code, response.headers["allow"], written(response)) == (405, "POST", ["0", "0", "0"])
    assert response.text == ("" if method == "HEAD" else "Method Not Allowed")


async def test_refused_series_are_named_but_for_those_of_1_that_are_too_far_in_the_future() -> None:
    """Of these Prometheus says no more, in recorded answers."""
    far = "out of bounds: timestamp is too far in the future"
    refusals = [Refusal(Reason.TOO_FAR_IN_FUTURE, f'{far} for series {{n="{number}"}}', 1, 0) for number in range(2)]
    refusals.append(Refusal(Reason.SAMPLE_TOO_OLD, 'too old sample for series {n="2"}', 1, 0))
    told = (
        (TYPE_1, BODY, f'{far}\ntoo old sample for series {{n="2"}}\n'),
        (TYPE_2, bytes(cramjam.snappy.compress_raw(b"")), "\n".join(refusal.message for refusal in refusals) + "\n"),
    )
    for headers, body, text in told:
        assert (await Server(SamplesRefused(refusals, ONE)).post(PATHS[0], body, headers)).text == text


@pytest.mark.parametrize(
    ("content_type", "encoding", "message"),
    [
        (None, None, V1),
        ("application/x-protobuf", "snappy", V1),
        (f"application/x-protobuf;proto={V1}", "snappy", V1),
        (f'application/x-protobuf; proto="{V2}"', "Snappy", V2),
        ("application/x-protobuf;proto=other", "snappy", None),
        ("application/json", "snappy", None),
        ("application/x-protobuf", "gzip", None),
    ],
)
def test_the_content_type_says_which_message_a_body_is(content_type: str | None, encoding: str | None, message: str | None) -> None:
    if message is not None:
        assert message_of(content_type, encoding) == message
        return
    with pytest.raises(NotAccepted):
        message_of(content_type, encoding)


def refused(reason: Reason | Loss) -> SamplesRefused:
    return SamplesRefused([Refusal(reason, "first", 1, 0), Refusal(reason, "second", 1, 0)], Written(samples=4))


MIXED = SamplesRefused([Refusal(Loss.INVALID_EXEMPLAR, "no text", 1, 0), Refusal(Reason.TOO_FAR_IN_FUTURE, "late", 1, 0)], Written(samples=4))


@pytest.mark.parametrize(
    ("outcome", "headers", "status", "text"),
    [
        (refused(Reason.TOO_FAR_IN_FUTURE), TYPE_1, 400, "first\nsecond\n"),
        (refused(Reason.INVALID_LABELS), TYPE_1, 204, ""),
        (refused(Loss.TIMESTAMP_OUT_OF_RANGE), TYPE_1, 400, "first\nsecond\n"),
        (refused(Loss.INVALID_EXEMPLAR), TYPE_1, 204, ""),
        (refused(Reason.EXEMPLAR_TOO_FAR_IN_FUTURE), TYPE_1, 204, ""),
        (refused(Loss.INVALID_METADATA), TYPE_1, 204, ""),
        (MIXED, TYPE_1, 400, "late\n"),
        (LimitExceeded("too fast"), TYPE_1, 429, "too fast\n"),
        (Unavailable("disk full"), TYPE_1, 503, "disk full\n"),
        (RuntimeError("bug"), TYPE_1, 500, "internal error\n"),
    ],
)
async def test_what_was_not_stored_is_told_and_how_much_was(outcome: Exception, headers: dict[str, str], status: int, text: str) -> None:
    response = await Server(outcome).post(PATHS[0], BODY, headers)
    assert (response.status_code, response.text) == (status, text)
    assert written(response)[0] == ("4" if isinstance(outcome, SamplesRefused) else "0")


@pytest.mark.parametrize("reason", [Reason.INVALID_LABELS, Loss.INVALID_EXEMPLAR, Loss.INVALID_METADATA])
async def test_of_version_2_all_that_is_wrong_is_an_error(reason: Reason | Loss) -> None:
    empty = bytes(cramjam.snappy.compress_raw(b""))
    response = await Server(refused(reason)).post(PATHS[0], empty, TYPE_2)
    assert (response.status_code, response.text, written(response)) == (400, "first\nsecond\n", ["4", "0", "0"])


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [(b"\xff", TYPE_1, 400), (BODY[:-3], TYPE_1, 400), (BODY, TYPE_2, 400), (BODY, {"Content-Type": "text/plain"}, 415), (BODY, {}, 204)],
)
async def test_bodies_that_cannot_be_read_are_refused(body: bytes, headers: dict[str, Any], status: int) -> None:
    response = await Server().post(PATHS[0], body, headers)
    assert response.status_code == status
    assert written(response) == [str(int(status == 204)), "0", "0"]
