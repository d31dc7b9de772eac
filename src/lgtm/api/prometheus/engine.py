"""What this side of the API needs of whoever answers queries about metrics, and how it is answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from lgtm.model.limits import Limits
from lgtm.model.matchers import Matchers
from lgtm.model.tenant import Tenant
from lgtm.promql.columns import Selected
from lgtm.promql.features import Features
from lgtm.promql.syntax import Expr
from lgtm.promql.times import Times
from lgtm.query.metric_answers import ExemplarsAnswer, ExemplarSeries, FoundExemplar, NamesAnswer, PromAnswer, PromStats, SeriesAnswer
from lgtm.wire.decoded_samples import Metadata

__all__ = [
    "ExemplarSeries",
    "ExemplarsAnswer",
    "FoundExemplar",
    "MetricsEngine",
    "NamesAnswer",
    "PromAnswer",
    "PromStats",
    "SeriesAnswer",
]


class MetricsEngine(Protocol):
    """Times are milliseconds since the epoch, and may lie up to 2^53 of them on either side of it, where nothing can be stored. But for `select`
    both ends of a range belong to it. Several selectors mean the series that any of them matches, none means all.

    limit: how many are wanted at most, 0 for all. Answers to `series`, `label_names` and `label_values` may have series of data near the range.
    Raises BadRequest and LimitExceeded kinds for what a query may not, EvaluationError, TooManySamples, QueryTimeout. A cancelled task frees what it
    holds.
    """

    def limits(self, tenant: Tenant) -> Limits: ...

    async def query(self, tenant: Tenant, expr: Expr, times: Times, *, lookback_ms: int, timeout_s: float | None, features: Features) -> PromAnswer:
        """timeout_s: None for the tenant's own. Raises ParseError for durations that come out wrong at these times."""

    async def series(self, tenant: Tenant, matchers: Sequence[Matchers], start_ms: int, end_ms: int, *, limit: int) -> SeriesAnswer: ...

    async def label_names(self, tenant: Tenant, matchers: Sequence[Matchers], start_ms: int, end_ms: int, *, limit: int) -> NamesAnswer: ...

    async def label_values(
        self, tenant: Tenant, name: str, matchers: Sequence[Matchers], start_ms: int, end_ms: int, *, limit: int
    ) -> NamesAnswer: ...

    async def metadata(self, tenant: Tenant, metric: str, *, limit: int, limit_per_metric: int) -> Mapping[str, Sequence[Metadata]]:
        """By family, ascending. metric: the one that is asked for; "" for all."""

    async def exemplars(self, tenant: Tenant, selectors: Sequence[Matchers], start_ms: int, end_ms: int) -> ExemplarsAnswer: ...

    async def select(self, tenant: Tenant, matchers: Matchers, start_ms: int, end_ms: int) -> tuple[Selected, tuple[str, ...]]:
        """Samples later than start_ms and not later than end_ms, stale markers among them; and why some may be missing."""

    async def delete_series(self, tenant: Tenant, matchers: Sequence[Matchers], start_ms: int, end_ms: int) -> None:
        """Returns when the deletion is as durable as a push."""
