"""What all routes of Prometheus' API share: what they are handed, what a request asks, and the frame around its work."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from lgtm.api.errors import PromQLTimeout, client_gone, json_error
from lgtm.api.loki.config import QueryApiConfig
from lgtm.api.loki.form import Form, read_form
from lgtm.api.loki.metrics import QueryApiMetrics
from lgtm.api.loki.params import InvalidParameter
from lgtm.api.loki.side import while_connected
from lgtm.api.prometheus.config import PrometheusApiConfig
from lgtm.api.prometheus.engine import MetricsEngine
from lgtm.api.prometheus.scraping import NothingScraped, Scraping
from lgtm.api.reader import TextReader
from lgtm.api.tenancy import ORG_ID_HEADER, Tenancy
from lgtm.blocks.meta import BlockMeta
from lgtm.clock import Clock
from lgtm.model.tenant import Tenant
from lgtm.promql.features import Features
from lgtm.query.admission import QueryTimeout

JSON = "application/json"

T = TypeVar("T")

Blocks = Callable[[Tenant], Sequence[BlockMeta]]
"""The blocks with samples of a tenant. Raises Unavailable while nobody knows them."""


def no_blocks(_: Tenant) -> Sequence[BlockMeta]:
    return ()


class PrometheusSide:
    """The engine and what surrounds it. Close it to end its threads.

    config: settings of this API. shared: what all query APIs bound alike: forms, and answers that are encoded in threads. scraping: who scrapes.
    blocks: what lies in the object store.
    """

    def __init__(
        self,
        engine: MetricsEngine,
        tenancy: Tenancy,
        clock: Clock,
        metrics: QueryApiMetrics,
        config: PrometheusApiConfig | None = None,
        shared: QueryApiConfig | None = None,
        *,
        scraping: Scraping | None = None,
        blocks: Blocks = no_blocks,
    ) -> None:
        self.engine, self.tenancy, self.clock, self.metrics = engine, tenancy, clock, metrics
        self.config, self.shared = config or PrometheusApiConfig(), shared or QueryApiConfig()
        self.scraping, self.blocks = scraping or NothingScraped(), blocks
        self.features = Features.of(experimental=self.config.experimental)
        self._threads = ThreadPoolExecutor(self.shared.encode_threads, thread_name_prefix="encode-metrics")
        self._reader = TextReader("read-metrics")

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

    async def encode(self, values: int, encoder: Callable[[], bytes]) -> Response:
        """As JSON."""
        return json_answer(await self.encoded(values, encoder))

    async def call(self, request: Request) -> Call:
        """Raises what the form's size is to blame for."""
        form = await read_form(request, self.shared, lenient=True)
        org_id = request.headers.get(ORG_ID_HEADER)
        return Call(form, self.clock.now_ns() // 1_000_000, self.tenancy, org_id, request.headers.get("accept", ""), _raw_path(request))


@dataclass(slots=True, frozen=True)
class Call:
    """One request. raw_path: as sent, since names in it may be no UTF-8."""

    form: Form
    now_ms: int
    tenancy: Tenancy
    org_id: str | None = None
    accept: str = ""
    raw_path: bytes = b""

    @property
    def tenant(self) -> Tenant:
        """Raises NoTenant and its like. What concerns no tenant's data does not ask for it."""
        return self.tenancy.tenant(self.org_id)

    @property
    def whole_form(self) -> Form:
        """Raises InvalidParameter where a part cannot be read. Queries go without, as in Prometheus, and lists of selectors do not."""
        if self.form.error is not None:
            raise InvalidParameter(f"error parsing form values: {self.form.error}")
        return self.form


Handler = Callable[[PrometheusSide, Call], Awaitable[Response]]
Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]


def endpoint(side: PrometheusSide, path: str, handler: Handler, told: Callable[[BaseException], Response] = json_error) -> Endpoint:
    """told: the form of an error."""

    async def answer(request: Request) -> Response:
        start = time.perf_counter()
        try:
            response = await while_connected(request, handler(side, await side.call(request)))
        except ClientDisconnect:
            response = client_gone()
        except QueryTimeout as error:
            response = told(error if isinstance(error, PromQLTimeout) else PromQLTimeout())
        except Exception as error:
            response = told(error)
        side.metrics.answered(path, str(response.status_code), time.perf_counter() - start, len(response.body))
        return response

    return answer


def json_answer(body: bytes) -> Response:
    return Response(body, headers={"Content-Type": JSON})


def no_content() -> Response:
    return Response(status_code=204)


def _raw_path(request: Request) -> bytes:
    """Servers hand it over undecoded; one that does not has decoded it."""
    raw: bytes | None = request.scope.get("raw_path")
    return raw if raw is not None else request.scope["path"].encode("utf-8")
