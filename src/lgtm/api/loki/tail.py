"""`/loki/api/v1/tail`: a websocket on which the newest entries come first, then entries as they arrive.

What is wrong with the request is answered with HTTP before the upgrade, what goes wrong later closes the socket with 1011 and the reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from lgtm.api.errors import message_of, text_error
from lgtm.api.loki.encode import CATEGORIZE, dump, stream_objects
from lgtm.api.loki.form import parse_form
from lgtm.api.loki.live import Live, dropped_objects
from lgtm.api.loki.params import read_delay_s, read_limit, read_time
from lgtm.api.loki.side import FLAGS_HEADER, QuerySide, encoding_flags, first_of
from lgtm.api.tenancy import ORG_ID_HEADER
from lgtm.errors import LimitExceeded
from lgtm.logql.parser import parse_log_selector
from lgtm.logql.syntax import LogExpr
from lgtm.model.limits import HOUR_NS
from lgtm.model.tenant import Tenant
from lgtm.model.window import Window

FAILED = 1011
"""Close code of a socket whose server cannot go on."""
REASON_BYTES_MAX = 123
"""What fits behind the code into a close frame."""
FRAME_ENTRIES_MAX = 100


class TooManyTails(LimitExceeded):
    def __init__(self, count: int, tails_max: int) -> None:
        self.count, self.tails_max = count, tails_max

    def __str__(self) -> str:
        return f"max concurrent tail requests limit exceeded, count > limit ({self.count} > {self.tails_max})"


class TailEnded(LimitExceeded):
    def __str__(self) -> str:
        return "reached tail max duration limit"


@dataclass(slots=True, frozen=True)
class Tail:
    """What one client asked for."""

    tenant: Tenant
    expr: LogExpr
    start_ns: int
    now_ns: int
    limit: int
    delay_s: int
    flags: tuple[str, ...]


class Tailing:
    """The open tails of every tenant."""

    def __init__(self, side: QuerySide) -> None:
        self.side = side
        self._open: Counter[Tenant] = Counter()

    @contextmanager
    def place(self, tenant: Tenant) -> Iterator[None]:
        """Raises TooManyTails."""
        tails_max = self.side.engine.limits(tenant).max_concurrent_tail_requests
        if 0 < tails_max <= self._open[tenant]:
            raise TooManyTails(self._open[tenant] + 1, tails_max)
        self._open[tenant] += 1
        self.side.metrics.tails.inc()
        try:
            yield
        finally:
            self.side.metrics.tails.dec()
            self._open[tenant] -= 1
            if not self._open[tenant]:
                del self._open[tenant]

    async def read(self, socket: WebSocket) -> Tail:
        tenant = self.side.tenancy.tenant(socket.headers.get(ORG_ID_HEADER))
        form, now_ns = parse_form(socket.scope["query_string"].decode("latin-1")), self.side.clock.now_ns()
        delay_s = read_delay_s(form.get("delay_for"))
        start_ns = read_time(form.get("start"), now_ns - HOUR_NS)
        limit = read_limit(form.get("limit"))
        text = form.get("query")
        expr = await self.side.read(len(text), lambda: parse_log_selector(text))
        return Tail(tenant, expr, start_ns, now_ns, limit, delay_s, encoding_flags(socket.headers.get(FLAGS_HEADER)))

    async def run(self, tail: Tail, send: Callable[[str], Awaitable[None]]) -> None:
        """Sends until it is cancelled, or raises."""
        side = self.side
        live = Live(tail.expr, side.clock, delay_s=tail.delay_s, entries_max=side.config.tail_buffered_entries_max)
        with self.place(tail.tenant), side.engine.follow(tail.tenant) as follower:
            if tail.start_ns < tail.now_ns:
                window = Window(tail.start_ns, tail.now_ns)
                answer = await side.engine.log_query(tail.tenant, tail.expr, window=window, limit=tail.limit, forward=False)
                live.begin(answer.result)
            await first_of(live.read(follower), _send_all(live, tail, side, send), _end_after(side))


async def _send_all(live: Live, tail: Tail, side: QuerySide, send: Callable[[str], Awaitable[None]]) -> None:
    while True:
        entries, dropped = await live.next(FRAME_ENTRIES_MAX)
        side.metrics.tail_dropped.inc(len(dropped))
        frame: dict[str, object] = {"streams": stream_objects(entries, categorize=CATEGORIZE in tail.flags)}
        if dropped:
            frame["dropped_entries"] = dropped_objects(dropped)
        if tail.flags:
            frame["encodingFlags"] = list(tail.flags)
        await send(dump(frame).decode())


async def _end_after(side: QuerySide) -> None:
    await side.clock.sleep(side.config.tail_duration_max_s)
    raise TailEnded


def tail_endpoint(tailing: Tailing) -> Callable[[WebSocket], Awaitable[None]]:
    async def answer(socket: WebSocket) -> None:
        try:
            tail = await tailing.read(socket)
        except Exception as error:
            await socket.send_denial_response(text_error(error))
            return
        await socket.accept()
        try:
            await first_of(tailing.run(tail, socket.send_text), _closed(socket))
        except WebSocketDisconnect:
            pass
        except Exception as error:
            if socket.client_state is WebSocketState.CONNECTED:
                await socket.close(FAILED, message_of(error).encode()[:REASON_BYTES_MAX].decode("utf-8", "ignore"))

    return answer


async def _closed(socket: WebSocket) -> None:
    """Ends when the client goes; what it says meanwhile is not listened to."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass
