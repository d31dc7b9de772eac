"""Pipelines: from the spans of a table to spansets, stage by stage, all traces at once."""

from __future__ import annotations

import numpy as np

from lgtm.traceql.columns import Bool, held_by_any
from lgtm.traceql.comparison import compare_literal
from lgtm.traceql.evaluate import truth, values
from lgtm.traceql.field_syntax import Static
from lgtm.traceql.fields import field_columns
from lgtm.traceql.grouping import combine_numbers, number_values, single_valued
from lgtm.traceql.reduce import reduce_sets
from lgtm.traceql.span_table import SpanTable
from lgtm.traceql.spansets import Spansets, coalesce, combine, whole_traces
from lgtm.traceql.syntax import Aggregate, Coalesce, Group, Pipeline, ScalarFilter, Select, SpansetExpr, SpansetFilter, SpansetOperation, Stage
from lgtm.traceql.uses import uses


def run(table: SpanTable, pipeline: Pipeline, traces: Bool | None = None) -> Spansets:
    """The spansets that are left of each trace, or of those chosen. Raises ManySpansets.

    Where a pipeline begins without a filter, spans that have nothing of what its first stage asks for are not looked at.
    """
    sets = whole_traces(table, traces)
    asked = {use.field for use in uses(pipeline.stages[0])}
    if asked and not isinstance(pipeline.stages[0], SpansetFilter | SpansetOperation | Pipeline):
        held = [held_by_any(field_columns(table, field), len(table)) for field in asked]
        sets = sets.keep_spans(np.logical_or.reduce(held)[sets.rows])
    return _run(table, pipeline, sets)


def _run(table: SpanTable, pipeline: Pipeline, sets: Spansets) -> Spansets:
    for stage in pipeline.stages:
        if not len(sets):
            break
        sets = _stage(table, stage, sets)
    return sets


def _stage(table: SpanTable, stage: Stage | SpansetExpr, sets: Spansets) -> Spansets:
    match stage:
        case SpansetFilter():
            return sets.keep_spans(truth(table, stage.expr)[sets.rows])
        case SpansetOperation():
            return _operation(table, stage, sets)
        case Group():
            return _group(table, stage, sets)
        case Coalesce():
            return coalesce(sets)
        case ScalarFilter():
            return _scalar_filter(table, stage, sets)
        case Pipeline():
            return _run(table, stage, sets)
        case Select():
            return sets


def _operation(table: SpanTable, stage: SpansetOperation, sets: Spansets) -> Spansets:
    """Within each set on its own: sides meet by the number of the set, and what comes out of it goes back to its trace."""
    apart = Spansets(sets.rows, sets.offsets, np.arange(len(sets)))
    found = combine(table, stage.operator, _stage(table, stage.left, apart), _stage(table, stage.right, apart))
    of = sets.take(found.traces)
    return Spansets(found.rows, found.offsets, of.traces, of.attributes)


def _group(table: SpanTable, stage: Group, sets: Spansets) -> Spansets:
    """Splits each set by the values of the expression, in the order in which they occur; spans without one are a group too."""
    columns = single_valued(values(table, stage.expr))
    numbers = number_values(columns, sets.rows)
    group, first = combine_numbers([sets.set_of, numbers])
    order = np.argsort(group, kind="stable")
    offsets = np.concatenate(([0], np.cumsum(np.bincount(group))))
    of = sets.take(sets.set_of[first])
    split = Spansets(sets.rows[order], offsets, of.traces, of.attributes)
    return split.with_attribute(str(stage), tuple(column.take(sets.rows[first]) for column in columns))


def _scalar_filter(table: SpanTable, stage: ScalarFilter, sets: Spansets) -> Spansets:
    """Keeps the sets whose aggregate compares well. Validation left only `aggregate operator literal`."""
    assert isinstance(stage.left, Aggregate)
    assert isinstance(stage.right, Static)
    found = reduce_sets(table, stage.left, sets)
    kept = compare_literal(found, stage.operator, stage.right, stored_type=False, rows=len(sets))
    return sets.with_attribute(str(stage.left), found).take(kept)
