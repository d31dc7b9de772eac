"""What questions about traces are answered with. warnings: about rows that may be missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lgtm.model.batch import Batch
from lgtm.query.select import QueryStats
from lgtm.traceql.metrics import Series
from lgtm.traceql.search import FoundTrace
from lgtm.traceql.tags import TagValue


@dataclass(slots=True, frozen=True)
class TraceAnswer:
    """batches: spans with all their columns, each once; none when there is no such trace.

    bytes_max: the limit beyond which spans of the trace were left out; None for a whole trace.
    """

    batches: Sequence[Batch]
    stats: QueryStats = field(default_factory=QueryStats)
    warnings: tuple[str, ...] = ()
    bytes_max: int | None = None


@dataclass(slots=True, frozen=True)
class SearchAnswer:
    """traces: newest first."""

    traces: list[FoundTrace]
    stats: QueryStats = field(default_factory=QueryStats)
    warnings: tuple[str, ...] = ()


@dataclass(slots=True, frozen=True)
class TraceMetricsAnswer:
    series: list[Series]
    stats: QueryStats = field(default_factory=QueryStats)
    warnings: tuple[str, ...] = ()


@dataclass(slots=True, frozen=True)
class TagNamesAnswer:
    """names: by scope, sorted, without intrinsics."""

    names: dict[str, list[str]]
    stats: QueryStats = field(default_factory=QueryStats)
    warnings: tuple[str, ...] = ()


@dataclass(slots=True, frozen=True)
class TagValuesAnswer:
    values: list[TagValue]
    stats: QueryStats = field(default_factory=QueryStats)
    warnings: tuple[str, ...] = ()


@dataclass(slots=True, frozen=True)
class BareTagValuesAnswer:
    values: list[str]
    stats: QueryStats = field(default_factory=QueryStats)
    warnings: tuple[str, ...] = ()
