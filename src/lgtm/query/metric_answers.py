"""What questions about metrics are answered with. warnings: about rows that may be missing."""

from __future__ import annotations

from dataclasses import dataclass, field

from lgtm.model.labels import Labels
from lgtm.promql.result import Result
from lgtm.query.select import QueryStats


@dataclass(slots=True, frozen=True)
class PromAnswer:
    result: Result
    stats: QueryStats = field(default_factory=QueryStats)
    warnings: tuple[str, ...] = ()


@dataclass(slots=True, frozen=True)
class SeriesAnswer:
    """series: sorted."""

    series: list[Labels]
    warnings: tuple[str, ...] = ()


@dataclass(slots=True, frozen=True)
class NamesAnswer:
    """names: sorted; of labels, or values of one."""

    names: list[str]
    warnings: tuple[str, ...] = ()


@dataclass(slots=True, frozen=True)
class Exemplar:
    """labels: its own."""

    labels: Labels
    value: float
    ts_ms: int


@dataclass(slots=True, frozen=True)
class ExemplarsAnswer:
    """exemplars: by the labels of their series, ascending in time."""

    exemplars: list[tuple[Labels, list[Exemplar]]]
    warnings: tuple[str, ...] = ()
