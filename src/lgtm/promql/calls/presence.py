"""absent and its relatives: whether there is anything at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np

from lgtm.model.labels import labels_of
from lgtm.model.matchers import MatchOp
from lgtm.promql.frame import Frame, Value
from lgtm.promql.syntax import Call, Expr, MatrixSelector, VectorSelector, unwrapped
from lgtm.promql.value import NAME, Vector
from lgtm.vectors.label_table import LabelTable
from lgtm.vectors.matrix import Bool


def _absent(call: Call, frame: Frame) -> Value:
    return _one_where_not(np.asarray(frame.vector(call.args[0]).present.any(axis=0)), call.args[0])


def _absent_over_time(call: Call, frame: Frame) -> Value:
    ranges = frame.ranges(call.args[0])
    held = (ranges.float_counts + ranges.histogram_counts) > 0
    return _one_where_not(np.asarray(held.any(axis=0)), call.args[0])


def _one_where_not(held: Bool, expr: Expr) -> Vector:
    """A single series with the labels that the selector asked for by equality."""
    inner = unwrapped(expr)
    selector = inner.selector if isinstance(inner, MatrixSelector) else inner
    matchers = [m for m in selector.matchers if m.name != NAME] if isinstance(selector, VectorSelector) else []
    times = Counter(matcher.name for matcher in matchers)
    labels = labels_of({m.name: m.value for m in matchers if m.op is MatchOp.EQ and times[m.name] == 1})
    return Vector.of_floats(LabelTable.of([labels]), np.ones((1, len(held))), ~held[None, :]).without_empty_series()


HANDLERS: dict[str, Callable[[Call, Frame], Value]] = {"absent": _absent, "absent_over_time": _absent_over_time}
