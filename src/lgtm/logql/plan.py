"""What a query must read, and what its stages may skip: from the syntax tree to `Reads` and `LeafPlan`, before any row is touched.

A metric query is planned backwards, from what its grouping names to the selector: a parser whose labels nobody reads is left out, so is a
line_format whose line nobody reads, and of structured metadata only the names that somebody asks for are fetched. This also decides which
errors a query meets: `sum(count_over_time({…} | json [1m]))` never parses a line, hence a broken one does no harm.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lgtm.logql.frame import ERROR, ERROR_DETAILS
from lgtm.logql.gotemplate import compile_template
from lgtm.logql.stages import (
    Decolorize,
    Drop,
    JsonParser,
    Keep,
    LabelFilter,
    LabelFilterStage,
    LabelFormat,
    LineFilter,
    LineFormat,
    LogfmtParser,
    PatternParser,
    RegexpParser,
    Rename,
    SetTemplate,
    Stage,
    StringFilter,
    UnpackParser,
)
from lgtm.logql.stages.label_filter import leaves
from lgtm.logql.syntax import Grouping, LogExpr, MetricExpr, RangeAggregation, VectorAggregation, operands
from lgtm.model.matchers import Matchers
from lgtm.model.window import Window

Names = frozenset[str] | None
"""Label names; None stands for all there are."""

NO_NAMES: frozenset[str] = frozenset()
NO_LABELS = Grouping(())
"""One group without labels."""

EXTRACTED = "_extracted"
"""Ends the name of a label that made way for one of the same name in the stream or the metadata."""

BYTES_OPS = ("bytes_over_time", "bytes_rate")
ABSENT_OP = "absent_over_time"
_FOLDABLE_OPS = ("rate", "count_over_time", "sum_over_time", *BYTES_OPS)

_PARSERS = (JsonParser, LogfmtParser, PatternParser, RegexpParser, UnpackParser)
_LINE_CHANGERS = (LineFormat, Decolorize, UnpackParser)


@dataclass(slots=True, frozen=True)
class Reads:
    """Rows and columns of one selector.

    metadata: structured metadata names that are needed, None = all. line_filters: every row of the answer passes them, as it was stored,
    so whoever reads may apply them early; the evaluation applies them again.
    """

    matchers: Matchers
    window: Window
    metadata: Names
    needs_line: bool
    line_filters: tuple[LineFilter, ...]


@dataclass(slots=True, frozen=True)
class LeafPlan:
    """A range aggregation and the grouping that is applied as its rows come in (None = by all labels).

    stages: those that matter, line filters first. needed: labels read of the last stage's output.
    """

    aggregation: RangeAggregation
    grouping: Grouping | None
    stages: tuple[Stage, ...]
    needed: Names
    reads: Reads


def plan_log(expr: LogExpr, window: Window) -> Reads:
    return Reads(expr.matchers, window, metadata=None, needs_line=True, line_filters=stored_line_filters(expr.stages))


def plan_leaf(aggregation: RangeAggregation, grouping: Grouping | None, *, start_ns: int, end_ns: int) -> LeafPlan:
    """start_ns, end_ns: the first and the last step, between which the windows of all steps lie."""
    selector = aggregation.range
    after = _labels_of_samples(aggregation, grouping)
    kept, read, needs_line = needed_stages(selector.log.stages, after, line_needed=aggregation.op in BYTES_OPS)
    filters = stored_line_filters(kept)
    window = Window(start_ns - selector.offset_ns - selector.range_ns + 1, end_ns - selector.offset_ns + 1)
    reads = Reads(selector.log.matchers, window, _metadata_for(read), needs_line, filters)
    # Filters on the stored line are cheapest while no stage has touched the rows, and none of the stages they overtake changes the line.
    changed = _first_line_change(kept)
    stages: tuple[Stage, ...] = (*filters, *(stage for stage in kept[:changed] if not isinstance(stage, LineFilter)), *kept[changed:])
    return LeafPlan(aggregation, grouping, stages, after, reads)


def leaf_aggregations(expr: MetricExpr) -> Iterator[tuple[RangeAggregation, Grouping | None]]:
    """The range aggregations of an expression, each with the grouping it can take over from the aggregation around it."""
    pending: list[MetricExpr] = [expr]
    while pending:
        current = pending.pop()
        if isinstance(current, RangeAggregation):
            yield current, own_grouping(current)
        elif isinstance(current, VectorAggregation) and isinstance(current.expr, RangeAggregation) and folds_into(current, current.expr):
            yield current.expr, current.grouping or NO_LABELS
        else:
            pending += reversed(operands(current))


def own_grouping(aggregation: RangeAggregation) -> Grouping | None:
    return NO_LABELS if aggregation.op == ABSENT_OP else aggregation.grouping


def folds_into(around: VectorAggregation, aggregation: RangeAggregation) -> bool:
    """Whether summing over series may happen as rows come in: sums of sums, never of averages. Spares a series per label set."""
    return around.op == "sum" and aggregation.grouping is None and aggregation.op in _FOLDABLE_OPS


def needed_stages(stages: Sequence[Stage], needed: Names, *, line_needed: bool) -> tuple[tuple[Stage, ...], Names, bool]:
    """The stages that can change the outcome, the labels read by any of them or behind them, and whether the stored line is read."""
    kept: list[Stage] = []
    for stage in reversed(stages):
        if isinstance(stage, LineFormat | Decolorize) and not line_needed and not (isinstance(stage, LineFormat) and _reads_errors(needed)):
            continue
        if isinstance(stage, _PARSERS) and needed == NO_NAMES and not (line_needed and isinstance(stage, UnpackParser)):
            continue
        kept.append(stage)
        needed = union(needed, labels_read(stage))
        line_needed = _line_needed_before(stage, line_needed)
    return tuple(reversed(kept)), needed, line_needed


def _reads_errors(needed: Names) -> bool:
    return needed is None or not needed.isdisjoint((ERROR, ERROR_DETAILS))


def _line_needed_before(stage: Stage, line_needed: bool) -> bool:
    # A template may say __line__, and what it says is not worth knowing here: formats are rare in metric queries.
    if isinstance(stage, LineFormat):
        return True
    if isinstance(stage, LabelFormat):
        return line_needed or any(isinstance(item, SetTemplate) for item in stage.items)
    return line_needed or isinstance(stage, (LineFilter, Decolorize, *_PARSERS))


def labels_read(stage: Stage) -> Names:
    """Labels whose values decide what the stage does."""
    match stage:
        case LabelFilterStage(filter=root):
            return filter_names(root)
        case Drop(items=items) | Keep(items=items):
            return frozenset(item.matcher.name for item in items if isinstance(item, StringFilter))
        case LineFormat(template=template):
            return compile_template(template).fields
        case LabelFormat(items=items):
            read: Names = NO_NAMES
            for item in items:
                read = union(read, frozenset({item.source}) if isinstance(item, Rename) else compile_template(item.template).fields)
            return read
    return NO_NAMES


def filter_names(root: LabelFilter) -> frozenset[str]:
    return frozenset(leaf.matcher.name if isinstance(leaf, StringFilter) else leaf.name for leaf in leaves(root))  # type: ignore[union-attr]


def stored_line_filters(stages: Sequence[Stage]) -> tuple[LineFilter, ...]:
    """The line filters that see the line as it was stored."""
    return tuple(stage for stage in stages[: _first_line_change(stages)] if isinstance(stage, LineFilter))


def _first_line_change(stages: Sequence[Stage]) -> int:
    return next((i for i, stage in enumerate(stages) if isinstance(stage, _LINE_CHANGERS)), len(stages))


def union(left: Names, right: Names) -> Names:
    return None if left is None or right is None else left | right


def _labels_of_samples(aggregation: RangeAggregation, grouping: Grouping | None) -> Names:
    """What is read of a row's labels behind the last stage: its group, its sample, and the filters behind unwrap."""
    if grouping is None or grouping.without:
        return None
    names = frozenset(grouping.names)
    unwrap = aggregation.range.unwrap
    if unwrap is None:
        return names
    return names.union({unwrap.label}, *(filter_names(each) for each in unwrap.filters))


def _metadata_for(names: Names) -> Names:
    """Metadata that can decide the value of these labels: its own name, or, for `x_extracted`, the `x` that was in the way."""
    if names is None:
        return None
    wanted = set(names)
    for name in names:
        while name.endswith(EXTRACTED):
            name = name.removesuffix(EXTRACTED)
            wanted.add(name)
    return frozenset(wanted)
