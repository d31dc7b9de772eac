"""What all routes of Tempo's API share: what they are handed, what a request asks, and the frame around its work.

An answer that may lack something says so. Where Tempo's messages have a status and a message, it stands there; search and tags have none, and Grafana
refuses JSON with fields that it does not know, so every such answer also has the header `X-Lgtm-Warning`, and it is logged.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from lgtm.api.errors import client_gone, text_error
from lgtm.api.incomplete import warning_headers
from lgtm.api.loki.config import QueryApiConfig
from lgtm.api.loki.form import Form, read_form
from lgtm.api.loki.metrics import QueryApiMetrics
from lgtm.api.loki.side import while_connected
from lgtm.api.reader import TextReader
from lgtm.api.tempo.config import TempoApiConfig
from lgtm.api.tempo.engine import TraceEngine
from lgtm.api.tempo.params import Ranges
from lgtm.api.tempo.reads import Reads
from lgtm.api.tenancy import ORG_ID_HEADER, Tenancy
from lgtm.clock import Clock
from lgtm.model.tenant import Tenant
from lgtm.wire.tempo_messages import Fields, json_bytes, message_bytes

T = TypeVar("T")

JSON = "application/json"
PROTOBUF = "application/protobuf"


class TraceSide:
    """The engine and what surrounds it. Close it to end its threads.

    config: limits of this API. shared: what all query APIs bound alike: forms, and answers that are encoded in threads.
    """

    def __init__(
        self,
        engine: TraceEngine,
        tenancy: Tenancy,
        clock: Clock,
        metrics: QueryApiMetrics,
        config: TempoApiConfig | None = None,
        shared: QueryApiConfig | None = None,
    ) -> None:
        self.engine, self.tenancy, self.clock, self.metrics = engine, tenancy, clock, metrics
        self.config, self.shared = config or TempoApiConfig(), shared or QueryApiConfig()
        self._threads = ThreadPoolExecutor(self.shared.encode_threads, thread_name_prefix="encode-traces")
        self._reader = TextReader("read-traces")

    def close(self) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._reader.close()

    async def read(self, length: int, work: Callable[[], T]) -> T:
        """What is made of texts that are so long together; in a thread unless they are short."""
        return await self._reader.read(length, work)

    async def encoded(self, values: int, encoder: Callable[[], T]) -> T:
        """In a thread unless there are few values, so that others are not kept waiting."""
        if values <= self.shared.inline_values_max:
            return encoder()
        return await asyncio.get_running_loop().run_in_executor(self._threads, encoder)

    async def call(self, request: Request) -> Call:
        """Raises what the tenant's header or the parameters' encoding is to blame for."""
        tenants = self.tenancy.tenants(request.headers.get(ORG_ID_HEADER))
        form = await read_form(request, self.shared)
        return Call(self.reads(tenants), form, self.ranges(), wants_protobuf(request.headers.get("accept")), request.path_params.get("name", ""))

    def reads(self, tenants: tuple[Tenant, ...]) -> Reads:
        return Reads(self.engine, tenants)

    def ranges(self) -> Ranges:
        return Ranges(self.clock.now_ns(), self.config)

    async def answer(
        self, call: Call, values: int, fields: Callable[[], Fields], *, message: str | None = None, warnings: Sequence[str] = ()
    ) -> Response:
        """As the caller wants it. message: what the fields are in protobuf; None for what is always JSON. values: how much there is to encode."""
        if message is not None and call.protobuf:
            name = message
            return told(await self.encoded(values, lambda: message_bytes(name, fields())), PROTOBUF, warnings)
        return told(await self.encoded(values, lambda: json_bytes(fields())), JSON, warnings)


@dataclass(slots=True, frozen=True)
class Call:
    """One request. protobuf: how to answer where there is a choice. name: the trace or the tag in the path, if there is one."""

    reads: Reads
    form: Form
    ranges: Ranges
    protobuf: bool = False
    name: str = ""


Handler = Callable[[TraceSide, Call], Awaitable[Response]]
Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]


def endpoint(side: TraceSide, path: str, handler: Handler) -> Endpoint:
    async def answer(request: Request) -> Response:
        start = time.perf_counter()
        try:
            response = await while_connected(request, handler(side, await side.call(request)))
        except ClientDisconnect:
            response = client_gone()
        except Exception as error:
            response = text_error(error)
        side.metrics.answered(path, str(response.status_code), time.perf_counter() - start, len(response.body))
        return response

    return answer


def told(body: bytes, content_type: str, warnings: Sequence[str] = (), status: int = 200) -> Response:
    """warnings: why the answer may lack something."""
    return Response(body, status, {"Content-Type": content_type} | warning_headers(warnings))


def wants_protobuf(accept: str | None) -> bool:
    return PROTOBUF in (accept or "")
