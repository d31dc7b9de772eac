"""What all query routes share: what they are handed, what a request asks, and the frame around its work."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from lgtm.api.errors import client_gone, text_error
from lgtm.api.loki.config import QueryApiConfig
from lgtm.api.loki.engine import Engine
from lgtm.api.loki.form import Form, read_form
from lgtm.api.loki.metrics import QueryApiMetrics
from lgtm.api.loki.params import Bounds, read_bounds
from lgtm.api.reader import TextReader
from lgtm.api.tenancy import ORG_ID_HEADER, Tenancy
from lgtm.clock import Clock
from lgtm.model.tenant import Tenant

FLAGS_HEADER = "X-Loki-Response-Encoding-Flags"

T = TypeVar("T")


class QuerySide:
    """The engine and what surrounds it. Close it to end its threads."""

    def __init__(self, engine: Engine, tenancy: Tenancy, clock: Clock, metrics: QueryApiMetrics, config: QueryApiConfig | None = None) -> None:
        self.engine, self.tenancy, self.clock, self.metrics = engine, tenancy, clock, metrics
        self.config = config or QueryApiConfig()
        self._threads = ThreadPoolExecutor(self.config.encode_threads, thread_name_prefix="encode")
        self._reader = TextReader("read")

    def close(self) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._reader.close()

    async def read(self, length: int, work: Callable[[], T]) -> T:
        """What is made of texts that are so long together; in a thread unless they are short."""
        return await self._reader.read(length, work)

    async def run(self, work: Callable[[], T]) -> T:
        """In a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def encode(self, values: int, encoder: Callable[[], bytes]) -> Response:
        """The answer as JSON; in a thread unless it has few values, so that others are not kept waiting."""
        if values <= self.config.inline_values_max:
            return json_answer(encoder())
        return json_answer(await self.run(encoder))

    async def call(self, request: Request) -> Call:
        """Raises what the tenant's header or the parameters' encoding is to blame for."""
        tenant = self.tenancy.tenant(request.headers.get(ORG_ID_HEADER))
        form = await read_form(request, self.config)
        return Call(tenant, form, self.clock.now_ns(), encoding_flags(request.headers.get(FLAGS_HEADER)), request.path_params.get("name", ""))


@dataclass(slots=True, frozen=True)
class Call:
    """One request. flags: of the answer's encoding. name: of the label or field in the path, if there is one."""

    tenant: Tenant
    form: Form
    now_ns: int
    flags: tuple[str, ...] = ()
    name: str = ""

    def bounds(self) -> Bounds:
        return read_bounds(self.form.get("start"), self.form.get("end"), self.form.get("since"), self.now_ns)


Handler = Callable[[QuerySide, Call], Awaitable[Response]]
Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]


def endpoint(side: QuerySide, path: str, handler: Handler) -> Endpoint:
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


async def while_connected(request: Request, work: Awaitable[T]) -> T:
    """The result of the work, which is cancelled when the client goes. Raises ClientDisconnect then."""

    async def gone() -> T:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        raise ClientDisconnect

    return await first_of(work, gone())


async def first_of(*works: Awaitable[T]) -> T:
    """What the first to end answers or raises; the others are cancelled, and have ended when this returns."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return next(task for task in tasks if task.done()).result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def encoding_flags(header: str | None) -> tuple[str, ...]:
    return tuple(flag for flag in (header or "").split(",") if flag)


def json_answer(body: bytes, status: int = 200) -> Response:
    return Response(body, status, headers={"Content-Type": "application/json; charset=UTF-8"})
