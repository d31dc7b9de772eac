"""What this side of the API needs of whoever answers queries about traces."""

from __future__ import annotations

from typing import Protocol

from lgtm.model.limits import Limits
from lgtm.model.tenant import Tenant
from lgtm.model.window import Window
from lgtm.query.trace_answers import BareTagValuesAnswer, SearchAnswer, TagNamesAnswer, TagValuesAnswer, TraceAnswer, TraceMetricsAnswer
from lgtm.traceql.field_syntax import Field, FieldExpr
from lgtm.traceql.steps import Steps
from lgtm.traceql.syntax import Query

__all__ = ["BareTagValuesAnswer", "SearchAnswer", "TagNamesAnswer", "TagValuesAnswer", "TraceAnswer", "TraceEngine", "TraceMetricsAnswer"]


class TraceEngine(Protocol):
    """Raises BadRequest kinds with Tempo's text for what a query may not. A cancelled task frees what it holds.

    A trace lies in a window when any moment of it does, and is then answered whole. Windows are half-open as everywhere: where Tempo includes the
    last moment, the window ends 1 ns behind it.
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
