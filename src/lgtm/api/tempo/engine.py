"""What this side of the API needs of whoever answers queries about traces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from lgtm.model.batch import Batch
from lgtm.model.limits import Limits
from lgtm.model.tenant import Tenant
from lgtm.model.window import Window
from lgtm.query.select import QueryStats
from lgtm.traceql.field_syntax import Field, FieldExpr
from lgtm.traceql.metrics import Series
from lgtm.traceql.search import FoundTrace
from lgtm.traceql.steps import Steps
from lgtm.traceql.syntax import Query
from lgtm.traceql.tags import TagValue

Warnings = tuple[str, ...]
"""Why an answer may lack something; none when it is whole."""


@dataclass(slots=True, frozen=True)
class TraceAnswer:
    """batches: of the signal SPANS, with all columns and with labels on every series."""

    batches: Sequence[Batch]
    stats: QueryStats = field(default_factory=QueryStats)
    warnings: Warnings = ()


@dataclass(slots=True, frozen=True)
class SearchAnswer:
    """traces: newest first."""

    traces: list[FoundTrace]
    stats: QueryStats = field(default_factory=QueryStats)
    warnings: Warnings = ()


@dataclass(slots=True, frozen=True)
class TraceMetricsAnswer:
    """series: fewer labels first, then by key and value."""

    series: list[Series]
    stats: QueryStats = field(default_factory=QueryStats)
    warnings: Warnings = ()


@dataclass(slots=True, frozen=True)
class TagNamesAnswer:
    """names: sorted, by scope; without the scope `intrinsic`, whose names are always the same."""

    names: dict[str, list[str]]
    stats: QueryStats = field(default_factory=QueryStats)
    warnings: Warnings = ()


@dataclass(slots=True, frozen=True)
class TagValuesAnswer:
    """values: type and text, sorted."""

    values: list[TagValue]
    stats: QueryStats = field(default_factory=QueryStats)
    warnings: Warnings = ()


@dataclass(slots=True, frozen=True)
class BareTagValuesAnswer:
    """values: sorted."""

    values: list[str]
    stats: QueryStats = field(default_factory=QueryStats)
    warnings: Warnings = ()


class TraceEngine(Protocol):
    """Raises BadRequest kinds with Tempo's text for what a query may not. A cancelled task frees what it holds.

    A trace lies in a window when any moment of it does, and is then answered whole.
    """

    def limits(self, tenant: Tenant) -> Limits: ...

    async def trace(self, tenant: Tenant, trace_id: bytes, window: Window) -> TraceAnswer:
        """trace_id: 16 bytes."""

    async def search(self, tenant: Tenant, query: Query, *, limit: int, spans_max: int, window: Window) -> SearchAnswer:
        """limit: traces. spans_max: spans shown of a spanset."""

    async def metrics(self, tenant: Tenant, query: Query, steps: Steps, *, exemplars: int) -> TraceMetricsAnswer:
        """exemplars: how many at most; the query's own hint wins."""

    async def tag_names(self, tenant: Tenant, condition: FieldExpr, window: Window) -> TagNamesAnswer: ...

    async def tag_values(self, tenant: Tenant, field: Field, condition: FieldExpr, window: Window, *, most: int | None) -> TagValuesAnswer:
        """most: how many values; None for all."""

    async def bare_tag_values(self, tenant: Tenant, key: str, window: Window) -> BareTagValuesAnswer: ...
