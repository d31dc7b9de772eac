"""What questions about metrics are answered with."""

from __future__ import annotations

from dataclasses import dataclass, field

from lgtm.model.labels import Labels
from lgtm.promql.result import Result


@dataclass(slots=True, frozen=True)
class PromStats:
    """Where the time of a query went: waiting for its turn, finding and reading samples, evaluating."""

    queue_s: float = 0.0
    read_s: float = 0.0
    evaluate_s: float = 0.0


@dataclass(slots=True, frozen=True)
class PromAnswer:
    """warnings: why samples may be missing. What the language warns of is in the result."""

    result: Result
    stats: PromStats = field(default_factory=PromStats)
    warnings: tuple[str, ...] = ()


@dataclass(slots=True, frozen=True)
class SeriesAnswer:
    """series: label sets, each once."""

    series: list[Labels]
    warnings: tuple[str, ...] = ()


@dataclass(slots=True, frozen=True)
class NamesAnswer:
    """names: ascending, each once."""

    names: list[str]
    warnings: tuple[str, ...] = ()


@dataclass(slots=True, frozen=True)
class FoundExemplar:
    labels: Labels
    value: float
    ts_ms: int


@dataclass(slots=True, frozen=True)
class ExemplarSeries:
    """exemplars: ascending in time."""

    labels: Labels
    exemplars: list[FoundExemplar]


@dataclass(slots=True, frozen=True)
class ExemplarsAnswer:
    """series: those that have exemplars, each once."""

    series: list[ExemplarSeries]
    warnings: tuple[str, ...] = ()
