"""One target: asked at every time of its grid, and what it said, or that it said nothing, handed on.

A failed scrape is a normal event: it is told as `up` = 0, and the series of the last page end.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import numpy as np

from lgtm.clock import NS_PER_S, Clock
from lgtm.errors import LgtmError, LimitExceeded
from lgtm.model.tenant import Tenant
from lgtm.scrape.config import ScrapeConfig
from lgtm.scrape.fetch import BodySizeLimitReached, Fetch, FetchFailed, Request, Response, UnexpectedStatus
from lgtm.scrape.metrics import LIMIT, MALFORMED, OK, STATUS, TIMEOUT, UNREACHABLE, ScrapeMetrics
from lgtm.scrape.page import accept_header, decode_page
from lgtm.scrape.sample_labels import SampleLabels
from lgtm.scrape.schedule import after_ns, next_ns, timestamp_ns
from lgtm.scrape.target import Target
from lgtm.scrape.target_log import TargetLog
from lgtm.scrape.target_series import Learned, PageLimitReached, Rows, Taken, TargetSeries, join_rows, report_labels, sliced
from lgtm.wire.decoded_samples import DecodedSamples, Metadata
from lgtm.wire.exposition import F64, STALE, Exposition
from lgtm.wire.go_text import float_text

logger = logging.getLogger(__name__)

T = TypeVar("T")
UNKNOWN, UP, DOWN = "unknown", "up", "down"
REPORTED = (
    "up",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "scrape_samples_post_metric_relabeling",
    "scrape_series_added",
)
REPORTED_EXTRA = ("scrape_timeout_seconds", "scrape_sample_limit", "scrape_body_size_bytes")
DECODE_INLINE_BYTES_MAX = 256 * 1024
"""Larger pages are read in a thread: one of 2,700 series holds the event loop for 3 ms when they are known, and for 60 ms when they are new."""
NEW_AT_ONCE_MAX = 2_000
"""A page with more new series is appended in pieces of so many samples, as Prometheus sends what it writes to others. Whoever takes them in looks at
the labels of each: 20,000 at once would hold the event loop for 0.8 s."""
DESCRIPTIONS_MAX = 50_000
_END_WAIT = 1.1
"""Intervals that a target which is gone has to come back in before its series end."""


class Sink(Protocol):
    async def append(self, tenant: Tenant, samples: DecodedSamples) -> str:
        """Returns when the samples are stored: what was refused of them, and why; empty: nothing.

        Raises LgtmError when they are not stored; the next scrape is another one then.
        """
        ...


class Descriptions:
    """Targets of one kind describe their families alike, so that each description is kept once: 300 of 400 bytes each, and many targets."""

    def __init__(self) -> None:
        self._known: dict[Metadata, Metadata] = {}

    def shared(self, said: Sequence[Metadata]) -> tuple[Metadata, ...]:
        if len(self._known) > DESCRIPTIONS_MAX:
            self._known.clear()
        return tuple(self._known.setdefault(one, one) for one in said)


@dataclass(slots=True, frozen=True)
class LoopParts:
    """What every loop needs. seed: the same on all nodes that share targets. user_agent: whom targets see."""

    clock: Clock
    fetch: Fetch
    sink: Sink
    tenant: Tenant
    metrics: ScrapeMetrics
    log: TargetLog
    seed: int = 0
    user_agent: str = "lgtm"
    descriptions: Descriptions = field(default_factory=Descriptions)


@dataclass(slots=True)
class TargetState:
    """How the last scrape went. last_error: also of one that went well, when not all of its samples were stored.
    metadata: of the last page that could be read."""

    health: str = UNKNOWN
    last_error: str = ""
    last_scrape_ns: int = 0
    last_duration_ns: int = 0
    metadata: tuple[Metadata, ...] = ()


@dataclass(slots=True, eq=False)
class _Outcome:
    """Of one scrape, as far as it came. kind: for metrics."""

    kind: str = OK
    page: Exposition | None = None
    taken: Taken | None = None
    rows: Rows | None = None
    kept: int = 0
    body_bytes: int = 0
    error: str = ""
    is_bug: bool = False


@dataclass(slots=True, eq=False)
class TargetLoop:
    """forced_error: scrapes fail with it unasked, while there are too many targets."""

    job: ScrapeConfig
    target: Target
    parts: LoopParts
    forced_error: str = ""
    state: TargetState = field(default_factory=TargetState)
    _series: TargetSeries = field(init=False)
    _request: Request = field(init=False)

    def __post_init__(self) -> None:
        self.begin_anew()
        self._request = _request(self.job, self.target, self.parts.user_agent)

    def begin_anew(self) -> None:
        """Forgets the last page: another node goes on with the target, or has gone on with it."""
        labels = SampleLabels(self.target.labels, self.job.honor_labels, self.job.metric_relabel, self.job.limits)
        self._series = TargetSeries(labels, honor_timestamps=self.job.honor_timestamps, track_timestamps=self.job.track_timestamps_staleness)

    def follow(self, other: TargetLoop) -> None:
        """Goes on from the last page of a loop of the same job and target that was stopped."""
        self._series, self.state = other._series, other.state

    async def run(self, is_mine: Callable[[], bool]) -> None:
        """Scrapes until it is cancelled. is_mine: asked at every time; what belongs to another node is left to it."""
        clock, interval_ns = self.parts.clock, self.target.interval_ns
        planned_ns = clock.now_ns()
        while True:
            planned_ns = self._next_ns(after_ns(planned_ns, clock.now_ns(), interval_ns))
            await self._sleep_until(planned_ns)
            if is_mine():
                await self.scrape(planned_ns)
            else:
                self.begin_anew()

    async def end(self, goes_on: Callable[[], bool] = lambda: False) -> None:
        """For a target that is gone: its series end at the time of the next scrape, which is told an interval later.

        goes_on: asked then whether somebody scrapes it after all, so that a reload that takes it away and gives it back leaves no gap.
        """
        if not self.state.last_scrape_ns:
            return
        ended_ns = self._next_ns(self.parts.clock.now_ns())
        await self._sleep_until(ended_ns + int(self.target.interval_ns * _END_WAIT))
        if goes_on():
            return
        markers = self._report_rows(np.repeat(STALE, len(self._reported())), ended_ns)
        await self._append(join_rows([self._series.lose(ended_ns), markers]))

    async def scrape(self, planned_ns: int) -> None:
        clock, state = self.parts.clock, self.state
        started_ns = clock.monotonic_ns()
        ts_ns = timestamp_ns(planned_ns, clock.now_ns(), self.target.interval_ns)
        outcome = await self._ask(ts_ns)
        duration_ns = clock.monotonic_ns() - started_ns
        rows = self._series.lose(ts_ns) if outcome.rows is None else outcome.rows
        report = self._report_rows(self._report(outcome, duration_ns), ts_ns)
        self._tell(outcome, duration_ns)
        state.health, state.last_error = DOWN if outcome.error else UP, outcome.error
        state.last_scrape_ns, state.last_duration_ns = ts_ns, duration_ns
        if outcome.page is not None and outcome.page.metadata != state.metadata:
            state.metadata = self.parts.descriptions.shared(outcome.page.metadata)
        await self._append(join_rows([rows, report]), outcome)
        if outcome.is_bug:
            self.begin_anew()  # whatever is wrong with what is known of the target does not stay

    async def _ask(self, ts_ns: int) -> _Outcome:
        if self.forced_error:
            return _Outcome(LIMIT, error=self.forced_error)
        outcome = _Outcome()
        try:
            response = await within(self.parts.clock, self.target.timeout_ns / NS_PER_S, self.parts.fetch(self._request))
            response.expect_ok()
            outcome.body_bytes = len(response.body)
            outcome.page, learned = await self._read(response)
            outcome.taken = self._series.take(outcome.page, ts_ns, learned)
            outcome.rows, outcome.kept = outcome.taken.rows, outcome.taken.kept
        except TimeoutError:
            outcome.kind, outcome.error = TIMEOUT, str(FetchFailed(self.target.url, "context deadline exceeded"))
        except LgtmError as error:
            outcome.kind, outcome.error = _kind_of(error), str(error)
            outcome.kept = error.kept if isinstance(error, PageLimitReached) else 0
            outcome.body_bytes = -1 if isinstance(error, BodySizeLimitReached) else outcome.body_bytes
        except Exception:
            # A bug, but one that the page of a stranger has found: it ends this scrape and not the node.
            logger.exception("the page of a target cannot be read because of an error in the program")
            outcome.kind, outcome.error, outcome.is_bug = MALFORMED, "internal error", True
        return outcome

    async def _read(self, response: Response) -> tuple[Exposition, Learned]:
        series, job = self._series, self.job

        def read() -> tuple[Exposition, Learned]:
            page = decode_page(response.body, response.headers.get("content-type", ""), job)
            try:
                return page, series.learn(page)
            except LgtmError:
                return page, {}  # `take` meets it again, and the page counts all the same

        return read() if len(response.body) <= DECODE_INLINE_BYTES_MAX else await asyncio.to_thread(read)

    def _tell(self, outcome: _Outcome, duration_ns: int) -> None:
        metrics, log, was_down = self.parts.metrics, self.parts.log, self.state.health == DOWN
        metrics.scrapes.labels(outcome.kind).inc()
        metrics.seconds.observe(duration_ns / NS_PER_S)
        metrics.samples.inc(len(outcome.page) if outcome.page is not None else 0)
        metrics.body_bytes.inc(max(0, outcome.body_bytes))
        if outcome.error and not was_down:
            log.tell(logging.WARNING, "target cannot be scraped", job=self.job.job_name, target=self.target.url, error=outcome.error)
        elif was_down and not outcome.error:
            log.tell(logging.INFO, "target is scraped again", job=self.job.job_name, target=self.target.url)

    def _report(self, outcome: _Outcome, duration_ns: int) -> F64:
        """Values of `_reported`."""
        values: list[float] = [0 if outcome.error else 1, duration_ns / NS_PER_S, len(outcome.page) if outcome.page else 0]
        values += [outcome.kept, outcome.taken.added if outcome.taken else 0]
        if self.job.extra_metrics:
            values += [self.target.timeout_ns / NS_PER_S, self.job.limits.samples_max, outcome.body_bytes]
        return np.array(values, np.float64)

    def _reported(self) -> tuple[str, ...]:
        return REPORTED + REPORTED_EXTRA if self.job.extra_metrics else REPORTED

    def _report_rows(self, values: F64, ts_ns: int) -> Rows:
        ids = [self._series.number(report_labels(name, self.target.labels)) for name in self._reported()]
        return Rows(np.array(ids, np.int64), np.full(len(ids), ts_ns), values)

    async def _append(self, rows: Rows, outcome: _Outcome | None = None) -> None:
        tenant = Tenant(self.job.tenant) if self.job.tenant else self.parts.tenant
        page, taken = (outcome.page, outcome.taken) if outcome is not None else (None, None)
        size = NEW_AT_ONCE_MAX if taken is not None and taken.added > NEW_AT_ONCE_MAX else max(1, len(rows.ids))
        try:
            for piece in sliced(rows, size):
                refused = await self.parts.sink.append(tenant, self._series.samples(piece, page))
                if refused and not self.state.last_error:
                    self.state.last_error = f"samples were refused: {refused}"
                page = None  # what it says of its families is told once
        except LgtmError as error:
            self._series.not_stored()
            self.state.last_error = f"samples were not stored: {error}"
            self.parts.metrics.not_stored.inc()
            fields = {"job": self.job.job_name, "target": self.target.url, "error": error}
            self.parts.log.tell(logging.WARNING, "scraped samples were not stored", **fields)

    def _next_ns(self, after: int) -> int:
        return next_ns(self.target.hash, self.target.interval_ns, self.parts.seed, after)

    async def _sleep_until(self, at_ns: int) -> None:
        await self.parts.clock.sleep((at_ns - self.parts.clock.now_ns()) / NS_PER_S)


def _kind_of(error: LgtmError) -> str:
    match error:
        case FetchFailed():
            return UNREACHABLE
        case UnexpectedStatus():
            return STATUS
        case LimitExceeded():
            return LIMIT
        case _:
            return MALFORMED


async def within(clock: Clock, seconds: float, work: Coroutine[None, None, T]) -> T:
    """What `work` returns. Raises TimeoutError, and cancels it, when the clock is past that first."""
    task, timer = asyncio.ensure_future(work), asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait({task, timer}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise TimeoutError
    finally:
        ended = [one for one in (task, timer) if not one.done()]
        for one in ended:
            one.cancel()
        if ended:
            await asyncio.wait(ended)


def _request(job: ScrapeConfig, target: Target, user_agent: str) -> Request:
    headers = (
        ("User-Agent", user_agent),
        ("Accept", accept_header(job.protocols)),
        ("Accept-Encoding", "gzip" if job.enable_compression else "identity"),
        ("X-Prometheus-Scrape-Timeout-Seconds", float_text(target.timeout_ns / NS_PER_S)),
    )
    return Request(target.url, headers, job.http, job.limits.body_bytes_max)
