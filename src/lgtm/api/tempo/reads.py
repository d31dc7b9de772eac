"""One question to all tenants that a request names, and one answer: `X-Scope-OrgID: a|b`.

What each tenant knows is put together. Of metrics this works where the whole follows from the parts (`sums.py`); other metrics queries are refused.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, fields
from typing import Protocol, TypeVar

from lgtm.api.tempo.engine import BareTagValuesAnswer, SearchAnswer, TagNamesAnswer, TagValuesAnswer, TraceAnswer, TraceEngine, TraceMetricsAnswer
from lgtm.api.tempo.requests import BareTagValuesRequest, MetricsRequest, SearchRequest, TagNamesRequest, TagValuesRequest
from lgtm.api.tempo.sums import sum_of, summed
from lgtm.model.tenant import Tenant
from lgtm.model.window import Window
from lgtm.query.select import QueryStats
from lgtm.traceql.search import FoundTrace, merged


class _Answer(Protocol):
    @property
    def stats(self) -> QueryStats: ...
    @property
    def warnings(self) -> tuple[str, ...]: ...


A = TypeVar("A", bound=_Answer)


@dataclass(slots=True, frozen=True)
class Reads:
    """tenants: at least one."""

    engine: TraceEngine
    tenants: tuple[Tenant, ...]

    async def trace(self, trace_id: bytes, window: Window) -> TraceAnswer:
        answers = await self._each(lambda tenant: self.engine.trace(tenant, trace_id, window))
        cut_at = next((answer.bytes_max for answer in answers if answer.bytes_max is not None), None)
        return TraceAnswer([batch for answer in answers for batch in answer.batches], *_about(answers), cut_at)

    async def search(self, asked: SearchRequest) -> SearchAnswer:
        answers = await self._each(
            lambda tenant: self.engine.search(tenant, asked.query, limit=asked.limit, spans_max=asked.spans_max, window=asked.window)
        )
        if len(answers) == 1:
            return answers[0]
        return SearchAnswer(_newest([trace for answer in answers for trace in answer.traces], asked.limit), *_about(answers))

    async def metrics(self, asked: MetricsRequest) -> TraceMetricsAnswer:
        """Raises NoSum."""
        combine = None if len(self.tenants) == 1 else sum_of(asked.query)
        answers = await self._each(lambda tenant: self.engine.metrics(tenant, asked.query, asked.steps, exemplars=asked.exemplars))
        if combine is None:
            return answers[0]
        return TraceMetricsAnswer(summed(combine, [answer.series for answer in answers], asked.exemplars), *_about(answers))

    async def tag_names(self, asked: TagNamesRequest) -> TagNamesAnswer:
        answers = await self._each(lambda tenant: self.engine.tag_names(tenant, asked.condition, asked.window))
        scopes = dict.fromkeys(scope for answer in answers for scope in answer.names)
        names = {scope: sorted({name for answer in answers for name in answer.names.get(scope, ())}) for scope in scopes}
        return TagNamesAnswer(names, *_about(answers))

    async def tag_values(self, asked: TagValuesRequest) -> TagValuesAnswer:
        answers = await self._each(lambda tenant: self.engine.tag_values(tenant, asked.field, asked.condition, asked.window, most=asked.most))
        return TagValuesAnswer(sorted({value for answer in answers for value in answer.values})[: asked.most], *_about(answers))

    async def bare_tag_values(self, asked: BareTagValuesRequest) -> BareTagValuesAnswer:
        answers = await self._each(lambda tenant: self.engine.bare_tag_values(tenant, asked.key, asked.window))
        return BareTagValuesAnswer(sorted({value for answer in answers for value in answer.values})[: asked.most], *_about(answers))

    async def _each(self, ask: Callable[[Tenant], Awaitable[A]]) -> list[A]:
        """One after the other, so that a request over many tenants takes no more of the node than any other."""
        return [await ask(tenant) for tenant in self.tenants]


def _newest(traces: Sequence[FoundTrace], limit: int) -> list[FoundTrace]:
    """One of each id."""
    by_id: dict[str, FoundTrace] = {}
    for trace in traces:
        before = by_id.get(trace.trace_id)
        by_id[trace.trace_id] = trace if before is None else merged(before, trace)
    return sorted(by_id.values(), key=lambda trace: (-trace.start_ns, trace.trace_id))[:limit]


def _about(answers: Sequence[_Answer]) -> tuple[QueryStats, tuple[str, ...]]:
    """What they cost together, and all warnings once."""
    total = QueryStats()
    for answer in answers:
        for each in fields(QueryStats):
            setattr(total, each.name, getattr(total, each.name) + getattr(answer.stats, each.name))
    return total, tuple(dict.fromkeys(warning for answer in answers for warning in answer.warnings))
