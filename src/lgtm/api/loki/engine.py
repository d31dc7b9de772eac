"""What this side of the API needs of whoever answers queries."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from lgtm.logql.evaluate_log import LogResult
from lgtm.logql.frame import LogFrame
from lgtm.logql.syntax import LogExpr, MetricExpr
from lgtm.model.batch import Batch
from lgtm.model.labels import Labels
from lgtm.model.limits import Limits
from lgtm.model.matchers import Matchers
from lgtm.model.tenant import Tenant
from lgtm.model.window import Window
from lgtm.vectors.matrix import I64, Matrix


class Stats(Protocol):
    """What a query cost. Bytes are those of lines and metadata; times are seconds."""

    @property
    def bytes_processed(self) -> int: ...
    @property
    def lines_processed(self) -> int: ...
    @property
    def lines_post_filter(self) -> int: ...
    @property
    def entries_returned(self) -> int: ...
    @property
    def exec_s(self) -> float: ...
    @property
    def queue_s(self) -> float: ...
    @property
    def streams(self) -> int: ...
    @property
    def blocks(self) -> int: ...
    @property
    def head_runs(self) -> int: ...


class LogAnswer(Protocol):
    @property
    def result(self) -> LogResult: ...
    @property
    def stats(self) -> Stats: ...
    @property
    def warnings(self) -> tuple[str, ...]: ...


class MetricAnswer(Protocol):
    @property
    def matrix(self) -> Matrix: ...
    @property
    def stats(self) -> Stats: ...
    @property
    def warnings(self) -> tuple[str, ...]: ...


class SeriesVolumes(Protocol):
    """What one series holds in each bucket."""

    @property
    def labels(self) -> Labels: ...
    @property
    def rows(self) -> I64: ...
    @property
    def nbytes(self) -> I64: ...


class SeriesAnswer(Protocol):
    @property
    def series(self) -> list[Labels]:
        """Distinct label sets, sorted."""

    @property
    def warnings(self) -> tuple[str, ...]: ...


class VolumesAnswer(Protocol):
    @property
    def volumes(self) -> Sequence[SeriesVolumes]: ...
    @property
    def warnings(self) -> tuple[str, ...]: ...


class Follower(Protocol):
    """Rows as they are acknowledged, in batches of one tenant with labels on every series."""

    async def next(self) -> Batch: ...

    def take_dropped(self) -> int:
        """Rows that were dropped since the last call, because `next` was not called in time."""


class Engine(Protocol):
    """Raises BadRequest kinds with Loki's text for limits that a query breaks. A cancelled task frees what it holds."""

    def limits(self, tenant: Tenant) -> Limits: ...

    async def log_query(self, tenant: Tenant, expr: LogExpr, *, window: Window, limit: int, forward: bool, interval_ns: int = 0) -> LogAnswer: ...

    async def metric_query(
        self, tenant: Tenant, expr: MetricExpr, *, start_ns: int, end_ns: int, step_ns: int, instant: bool = False
    ) -> MetricAnswer: ...

    async def series(self, tenant: Tenant, matchers: Matchers, window: Window) -> SeriesAnswer: ...

    async def volumes(self, tenant: Tenant, matchers: Matchers, edges_ns: Sequence[int]) -> VolumesAnswer:
        """Per series its rows and bytes in each `[edges[i], edges[i+1])`."""

    def scan(self, tenant: Tenant, expr: LogExpr, window: Window, *, newest_first: bool = True) -> AsyncGenerator[LogFrame, None]:
        """Frames behind the pipeline, each record once."""

    def follow(self, tenant: Tenant) -> AbstractContextManager[Follower]:
        """Follows from the moment it is entered."""
