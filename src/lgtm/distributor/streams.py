"""What is remembered of a tenant's streams: which are active, how new their newest entry is, how fast they come."""

from __future__ import annotations

from collections import OrderedDict

from lgtm.clock import NS_PER_S
from lgtm.distributor.rates import TokenBucket
from lgtm.model.labels import Fingerprint
from lgtm.model.limits import Limits
from lgtm.model.window import TS_NS_MIN


class StreamState:
    __slots__ = ("bucket", "newest_ns", "seen_ns")

    def __init__(self, seen_ns: int, bucket: TokenBucket | None) -> None:
        self.seen_ns = seen_ns
        self.newest_ns = TS_NS_MIN
        """Time of the newest entry accepted; kept only where the tenant limits how far behind it an entry may be."""
        self.bucket = bucket


class ActiveStreams:
    """Streams by last use. A stream that was silent for idle_s_max is no longer active, and its memory is gone, as in Loki."""

    def __init__(self, limits: Limits, *, idle_s_max: int, tracked_max: int) -> None:
        self._limits = limits
        self._idle_ns_max = idle_s_max * NS_PER_S
        self._streams_max = limits.max_global_streams_per_user
        self._tracked_max = tracked_max
        self._streams: OrderedDict[Fingerprint, StreamState] = OrderedDict()

    def __len__(self) -> int:
        return len(self._streams)

    def use(self, fingerprint: Fingerprint, now_ns: int) -> StreamState | None:
        """The stream's state; None for a new stream that would exceed the tenant's limit. now_ns: monotonic."""
        state = self._streams.get(fingerprint)
        if state is not None and now_ns - state.seen_ns < self._idle_ns_max:
            state.seen_ns = now_ns
            self._streams.move_to_end(fingerprint)
            return state
        self.expire(now_ns)
        if 0 < self._streams_max <= len(self._streams):
            return None
        while len(self._streams) >= self._tracked_max:
            self._streams.popitem(last=False)
        limits = self._limits
        bucket = None
        if limits.per_stream_rate_bytes > 0:
            bucket = TokenBucket(limits.per_stream_rate_bytes, limits.per_stream_burst_bytes or limits.per_stream_rate_bytes, now_ns)
        state = self._streams[fingerprint] = StreamState(now_ns, bucket)
        return state

    def expire(self, now_ns: int) -> None:
        """Forgets idle streams; each is looked at once in its life."""
        while self._streams:
            fingerprint, state = next(iter(self._streams.items()))
            if now_ns - state.seen_ns < self._idle_ns_max:
                return
            del self._streams[fingerprint]
