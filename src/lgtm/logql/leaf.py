"""A leaf of a metric query: the range aggregation that turns rows into samples and samples into series."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lgtm.errors import BadRequest
from lgtm.logql.frame import ERROR, LogFrame
from lgtm.logql.pipeline import compile_pipeline
from lgtm.logql.plan import ABSENT_OP, BYTES_OPS, LeafPlan, Reads
from lgtm.logql.range_functions import OF_ENTRIES, OF_UNWRAPPED, FoldedFunction, RangeFunction, Windows
from lgtm.logql.samples import Folded, FoldedSamples, Raw, RawSamples
from lgtm.logql.stages import StageContext
from lgtm.model.batch import Batch
from lgtm.model.labels import Labels, format_labels
from lgtm.model.matchers import Matchers, MatchOp
from lgtm.vectors.matrix import F64, I64, Bool, Matrix
from lgtm.vectors.windows import WindowGrid


class PipelineError(BadRequest):
    """A row of a metric query carries `__error__`: its sample would be a guess."""

    def __init__(self, labels: Labels) -> None:
        super().__init__(labels)
        self.labels = labels

    def __str__(self) -> str:
        error = dict(self.labels).get(ERROR, "")
        return (
            f"pipeline error: '{error}' for series: '{format_labels(self.labels)}'.\n"
            f'Use a label filter to intentionally skip this error. (e.g | __error__!="{error}").\n'
            'To skip all potential errors you can match empty errors.(e.g __error__="")\n'
            'The label filter can also be specified after unwrap. (e.g | unwrap latency | __error__="" )\n'
        )


class Leaf:
    """Takes batches in any order, each row once, and holds what `matrix` needs. Not for use by two threads at a time."""

    def __init__(self, plan: LeafPlan, steps_ns: I64) -> None:
        self._aggregation = plan.aggregation
        self._grouping = plan.grouping
        self._unwrap = plan.aggregation.range.unwrap
        self._function: RangeFunction = (OF_UNWRAPPED if self._unwrap else OF_ENTRIES)[plan.aggregation.op]
        self._grid = WindowGrid(steps_ns, range_ns=max(1, plan.aggregation.range.range_ns), offset_ns=plan.aggregation.range.offset_ns)
        self._covered = self._grid.covered
        self._pipeline = compile_pipeline(plan.stages, self._before_unwrap(plan))
        self._may_fail = bool(plan.stages) or self._unwrap is not None
        self._context = StageContext(plan.needed)
        self._groups: dict[Labels, int] = {}
        self._folded = FoldedSamples(self._function.ufunc) if isinstance(self._function, FoldedFunction) else None
        self._raw = RawSamples()
        self.reads: Reads = plan.reads

    @property
    def series_count(self) -> int:
        """Series so far, which bounds the rows of `matrix`."""
        return len(self._groups)

    def add(self, batch: Batch) -> None:
        """Raises PipelineError when a row inside a window has `__error__`."""
        if not self._aggregation.range.range_ns:
            return  # `[0s]` parses, and holds nothing
        frame = self._pipeline.run(batch)
        values: F64 | None = None
        if self._unwrap is not None:
            frame, values = self._unwrap.values(frame, self._context)
        elif self._aggregation.op in BYTES_OPS:
            values = _line_bytes(frame)
        intervals = self._grid.intervals_of(frame.ts_ns)
        inside = self._covered[intervals]
        if not inside.all():
            frame, intervals, values = frame.filter(inside), intervals[inside], None if values is None else values[inside]
        if not len(frame):
            return
        if self._may_fail:
            self._refuse_errors(frame)
        keys = self._keys(frame, intervals)
        if self._folded is not None:
            self._folded.add(keys, values)
        elif values is not None:
            self._raw.add(keys, frame.ts_ns, values)

    def matrix(self, steps: slice) -> Matrix:
        """The series that have samples, at these steps."""
        samples: Folded | Raw = self._raw.result() if self._folded is None else self._folded.result()
        groups = max(1, len(self._groups)) if self._aggregation.op == ABSENT_OP else len(self._groups)
        bounds = self._grid.bounds(samples.keys, groups, steps)
        windows = Windows(bounds, self._grid.starts_ns[steps], self._grid.ends_ns[steps], self._parameter)
        with np.errstate(invalid="ignore", over="ignore"):
            values = self._function.evaluate(samples, windows)  # type: ignore[arg-type]
        steps_ns = self._grid.steps_ns[steps]
        if self._aggregation.op == ABSENT_OP:
            labels = absent_labels(self._aggregation.range.log.matchers)
            return Matrix([labels], steps_ns, np.ones(values.shape), ~bounds.present).without_absent()
        return Matrix(list(self._groups), steps_ns, values, bounds.present).without_absent()

    @property
    def _parameter(self) -> float:
        return math.nan if self._aggregation.parameter is None else self._aggregation.parameter

    def _before_unwrap(self, plan: LeafPlan) -> frozenset[str] | None:
        return plan.needed if plan.needed is None or self._unwrap is None else plan.needed | {self._unwrap.label}

    def _refuse_errors(self, frame: LogFrame) -> None:
        # What a line itself calls __error__ only fails the query where it would become a label of the answer.
        grouping = self._grouping
        shown = grouping is None or grouping.without or ERROR in grouping.names
        errors: Bool = frame.errors() if shown else frame.failed()
        if errors.any():
            first = frame.take(np.flatnonzero(errors)[:1])
            raise PipelineError(first.label_groups(None)[1][0])

    def _keys(self, frame: LogFrame, intervals: I64) -> I64:
        grouping = self._grouping
        if grouping is not None and not grouping.without and not grouping.names:
            return intervals + self._number(()) * self._grid.intervals
        if grouping is None:
            codes, labels = frame.label_groups(None)
        elif grouping.without:
            codes, labels = frame.label_groups(None, without=grouping.names)
        else:
            codes, labels = frame.label_groups(grouping.names)
        first_keys = np.array([self._number(each) * self._grid.intervals for each in labels], dtype=np.int64)
        return first_keys[codes] + intervals

    def _number(self, labels: Labels) -> int:
        return self._groups.setdefault(labels, len(self._groups))


def absent_labels(matchers: Matchers) -> Labels:
    """What an absent series would be called: the equality matchers whose label no other matcher names."""
    names = [matcher.name for matcher in matchers]
    return tuple(sorted((m.name, m.value) for m in matchers if m.op is MatchOp.EQ and m.value and names.count(m.name) == 1))


def _line_bytes(frame: LogFrame) -> F64:
    lengths: pa.Array = pc.binary_length(frame.line)
    return np.asarray(lengths.to_numpy(zero_copy_only=False), dtype=np.float64)
