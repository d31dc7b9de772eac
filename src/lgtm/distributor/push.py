"""The distributor: what a client pushed is judged by the tenant's limits, batched with its neighbours, completed, and written to its owners.

    push    room? → admit (pure) → hand over and await → raise what was refused
    batch   merge requests → detected_level (logs) → split by owners → parts with ids → write

What is invalid is dropped and the rest stored; the error that tells so is raised afterwards. So a 400 means: nothing of this push is worth sending
again. A push that is refused whole (rate, full queue) is refused before anything is stored.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from concurrent.futures import Executor
from types import TracebackType

from lgtm.clock import Clock
from lgtm.distributor.admit import Admission, admit
from lgtm.distributor.admit_samples import admit_samples
from lgtm.distributor.admit_spans import admit_spans
from lgtm.distributor.coalesce import Coalescer
from lgtm.distributor.config import DistributorConfig
from lgtm.distributor.detected_level import with_detected_level
from lgtm.distributor.ingesters import Health, HealthOf, Owners
from lgtm.distributor.levels import level_fields
from lgtm.distributor.merge import Accepted, cap_columns, merge
from lgtm.distributor.metric_metadata import said_at
from lgtm.distributor.metrics import DistributorMetrics
from lgtm.distributor.refusals import SamplesRefused, Stopping, Written
from lgtm.distributor.split import bounded, parts_worth, split, split_by_trace
from lgtm.distributor.tenants import Tenants, TenantState
from lgtm.distributor.write import Writer
from lgtm.model.batch import Batch
from lgtm.model.labels import Labels
from lgtm.model.limits import Limits, TenantLimits
from lgtm.model.part import PartId
from lgtm.model.series import Series
from lgtm.model.signal import EXEMPLARS, LOGS, METADATA, SAMPLES, SPANS, TRACE_ID, Signal
from lgtm.model.tenant import Tenant
from lgtm.wire.decoded import DecodedLogs
from lgtm.wire.decoded_samples import DecodedSamples
from lgtm.wire.decoded_spans import DecodedSpans


class Distributor:
    """An async context manager: writes run in its task group, and leaving it waits for those under way.

    writer, epoch: this instance and its start, for part ids. executor: where large batches are completed; None is the loop's own.
    """

    def __init__(
        self,
        writer: bytes,
        epoch: int,
        owners: Owners,
        *,
        limits: TenantLimits,
        config: DistributorConfig,
        clock: Clock,
        metrics: DistributorMetrics,
        executor: Executor | None = None,
        health: HealthOf = lambda _: Health.WRITABLE,
    ) -> None:
        self._writer_id, self._epoch = writer, epoch
        self._owners = owners
        self._limits = limits
        self._config = config
        self._clock = clock
        self._metrics = metrics
        self._executor = executor
        self._tenants = Tenants(limits, config)
        self._sequence = itertools.count()
        self._turns = itertools.count()
        self._tasks = asyncio.TaskGroup()
        self._coalescer = Coalescer(self._write, config=config, clock=clock, tasks=self._tasks)
        self._writer = Writer(
            copies=config.copies or 1,
            known_series_max=config.known_series_max,
            clock=clock,
            metrics=metrics,
            spawn=self._tasks.create_task,
            health=health,
            hedge_s=config.hedge_ms / 1_000,
            deadline_s=config.write_timeout_s,
        )
        self._running = False
        metrics.in_flight_bytes.set_function(lambda: self._coalescer.in_flight_bytes)

    async def __aenter__(self) -> Distributor:
        await self._tasks.__aenter__()
        self._running = True
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._running = False
        # Without the error, which would cancel writes that callers still wait for and wrap itself into a group.
        await self._tasks.__aexit__(None, None, None)

    @property
    def in_flight_bytes(self) -> int:
        """Rows between decoding and acknowledgement; distributor.in_flight_bytes_max bounds them."""
        return self._coalescer.in_flight_bytes

    async def push(self, tenant: Tenant, decoded: DecodedLogs) -> None:
        """Returns once all rows are stored as durably as the write rule says.

        Raises PushRefused, StreamLimitReached, StreamRateLimited or TooFarBehind after the valid rest was stored. RateLimited, QueueFull and
        Stopping mean that nothing was stored; any other Unavailable, that it is not known.
        """
        state, monotonic_ns = self._begin(tenant, decoded.nbytes)
        await self._submit(LOGS, tenant, admit(tenant, decoded, state, now_ns=self._clock.now_ns(), monotonic_ns=monotonic_ns))

    async def push_spans(self, tenant: Tenant, decoded: DecodedSpans) -> None:
        """Returns once all rows are stored as durably as the write rule says.

        Raises SpansRefused after the valid rest was stored. SpanRateLimited, QueueFull and Stopping mean that nothing was stored; any other
        Unavailable, that it is not known.
        """
        nbytes = decoded.nbytes
        state, monotonic_ns = self._begin(tenant, nbytes)
        admission = admit_spans(tenant, decoded, state, nbytes=nbytes, now_ns=self._clock.now_ns(), monotonic_ns=monotonic_ns)
        await self._submit(SPANS, tenant, admission, nbytes)

    async def push_samples(self, tenant: Tenant, decoded: DecodedSamples) -> Written:
        """Returns once all rows are stored as durably as the write rule says.

        Raises SamplesRefused after the valid rest was stored. SampleRateLimited, QueueFull and Stopping mean that nothing was stored; any other
        Unavailable, that it is not known.
        """
        state, monotonic_ns = self._begin(tenant, decoded.nbytes)
        admission = admit_samples(tenant, decoded, state, now_ns=self._clock.now_ns(), monotonic_ns=monotonic_ns)
        self._metrics.refused(SAMPLES, tenant, admission.refusals)
        if admission.error is not None:
            raise admission.error
        parts = ((SAMPLES, admission.accepted), (EXEMPLARS, admission.exemplars), (METADATA, admission.metadata))
        writes = [self._coalescer.submit(signal, tenant, accepted) for signal, accepted in parts if accepted is not None]
        for outcome in await asyncio.gather(*writes, return_exceptions=True):
            if outcome is not None:
                raise outcome
        admission.stored()
        self._metrics.accepted(SAMPLES, tenant, admission.written.samples + admission.written.histograms, decoded.nbytes)
        if admission.refusals:
            raise SamplesRefused(admission.refusals, admission.written, admission.points)
        return admission.written

    async def say(self, signal: Signal, tenant: Tenant, said: Sequence[Labels]) -> None:
        """Stores label sets of a signal that has nothing but series, with the time of now. Raises QueueFull, Stopping, or another Unavailable."""
        self._begin(tenant, 0)
        series = tuple(map(Series.of, dict.fromkeys(said)))
        await self._coalescer.submit(signal, tenant, said_at(series, self._clock.now_ns()))

    def _begin(self, tenant: Tenant, nbytes: int) -> tuple[TenantState, int]:
        """What is known of the tenant, and monotonic time."""
        if not self._running:
            raise Stopping
        self._coalescer.check_room(nbytes)
        monotonic_ns = self._clock.monotonic_ns()
        return self._tenants.state(tenant, monotonic_ns), monotonic_ns

    async def _submit(self, signal: Signal, tenant: Tenant, admission: Admission, nbytes: int | None = None) -> None:
        self._metrics.refused(signal, tenant, admission.refusals)
        if admission.accepted is not None:
            await self._coalescer.submit(signal, tenant, admission.accepted, nbytes)
            self._metrics.accepted(signal, tenant, admission.accepted.rows.num_rows, admission.bytes)
        if admission.error is not None:
            raise admission.error

    async def _write(self, signal: Signal, tenant: Tenant, accepted: Sequence[Accepted]) -> None:
        self._metrics.batches.inc()
        self._metrics.batched_requests.inc(len(accepted))
        limits = self._limits.for_tenant(tenant)
        if sum(one.nbytes for one in accepted) < self._config.offload_bytes_min:
            complete = _complete(signal, tenant, accepted, limits)
        else:
            complete = await asyncio.get_running_loop().run_in_executor(self._executor, _complete, signal, tenant, accepted, limits)
        batch = Batch(signal, tenant, complete.series, complete.rows)
        if TRACE_ID in signal.columns.names:
            parts = split_by_trace(batch, self._owners, self._writer.intended)
        else:
            parts = split(batch, self._owners, self._writer.intended, parts_max=parts_worth(batch), turn=next(self._turns))
        writes = [self._writer.write(self._next_id(), piece, owners) for owners, batch in parts for piece in bounded(batch)]
        for outcome in await asyncio.gather(*writes, return_exceptions=True):
            if outcome is not None:
                raise outcome

    def _next_id(self) -> PartId:
        return PartId(self._writer_id, self._epoch, next(self._sequence))


def _complete(signal: Signal, tenant: Tenant, accepted: Sequence[Accepted], limits: Limits) -> Accepted:
    """The requests as one batch, logs with levels. Free to run in any thread."""
    merged = merge(signal, tenant, accepted)
    if signal is not LOGS or not limits.discover_log_levels:
        return merged
    fields = level_fields(limits.log_level_fields, limits.log_level_from_json_max_depth)
    return Accepted(merged.series, merged.levels, cap_columns(with_detected_level(merged.rows, merged.levels, fields)))
