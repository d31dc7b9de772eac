"""What the distributor remembers of each tenant: judged streams, active streams, its rate. All of it may be forgotten at any time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache, partial

from lgtm.distributor.config import DistributorConfig
from lgtm.distributor.metric_metadata import MetadataSeen
from lgtm.distributor.metric_series import MetricSeries
from lgtm.distributor.rates import TokenBucket
from lgtm.distributor.resolve import ResolvedStream, resolve, unparsable
from lgtm.distributor.streams import ActiveStreams
from lgtm.model.limits import KIB, Limits, TenantLimits
from lgtm.model.tenant import Tenant
from lgtm.wire.decoded import DecodedStream

CACHED_LABELS_MAX = 4 * KIB
"""Characters. Larger label sets are judged anew in each push, so that a cache full of them stays small."""


class TenantState:
    def __init__(self, limits: Limits, config: DistributorConfig, now_ns: int) -> None:
        self.limits = limits
        self.bucket = TokenBucket(limits.ingestion_rate_bytes, limits.ingestion_burst_bytes or limits.ingestion_rate_bytes, now_ns)
        self.span_bucket = TokenBucket(limits.traces_rate_bytes, limits.traces_burst_bytes or limits.traces_rate_bytes, now_ns)
        self.sample_bucket = TokenBucket(limits.metrics_rate_samples, limits.metrics_burst_samples or limits.metrics_rate_samples, now_ns)
        self.metric_series = MetricSeries(limits, idle_s=config.stream_idle_s_max)
        self.metadata = MetadataSeen()
        self.streams = ActiveStreams(limits, idle_s_max=config.stream_idle_s_max, tracked_max=config.tracked_streams_max)
        self._cached: Callable[[tuple[tuple[str, str], ...]], ResolvedStream] = lru_cache(config.cached_streams_max)(partial(resolve, limits=limits))

    def resolve(self, stream: DecodedStream) -> ResolvedStream:
        if stream.labels is None:
            return unparsable(stream.text, stream.error or "")
        if len(stream.text) > CACHED_LABELS_MAX:
            return resolve(stream.labels, self.limits)
        return self._cached(stream.labels)


class Tenants:
    """States by last use. A tenant whose limits have changed starts anew."""

    def __init__(self, limits: TenantLimits, config: DistributorConfig) -> None:
        self._limits = limits
        self._config = config
        self._states: OrderedDict[Tenant, TenantState] = OrderedDict()

    def state(self, tenant: Tenant, now_ns: int) -> TenantState:
        """now_ns: monotonic."""
        limits = self._limits.for_tenant(tenant)
        state = self._states.get(tenant)
        if state is None or state.limits is not limits:
            if len(self._states) >= self._config.cached_tenants_max:
                self._states.popitem(last=False)
            state = self._states[tenant] = TenantState(limits, self._config, now_ns)
        self._states.move_to_end(tenant)
        return state
