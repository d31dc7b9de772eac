"""LogQL expressions for property tests: syntax trees, drawn from what the parser can build."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import strategies as st

from lgtm.logql.check import LOGICAL
from lgtm.logql.grammar import FUNCTIONS, KEYWORDS
from lgtm.logql.stages import (
    AndFilter,
    BytesFilter,
    Decolorize,
    Drop,
    DurationFilter,
    Extraction,
    IpFilter,
    JsonParser,
    Keep,
    LabelFilter,
    LabelFilterStage,
    LineFilter,
    LineOperand,
    LogfmtParser,
    NumberFilter,
    OrFilter,
    PatternParser,
    RegexpParser,
    Stage,
    StringFilter,
    UnpackParser,
    Unwrap,
)
from lgtm.logql.syntax import (
    BinaryOperation,
    Grouping,
    LabelReplace,
    Literal,
    LogExpr,
    LogRange,
    MetricExpr,
    RangeAggregation,
    VectorAggregation,
    VectorLiteral,
    VectorMatching,
)
from lgtm.model.matchers import Matcher, MatchOp

SECOND_NS = 1_000_000_000
names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,6}", fullmatch=True).filter(lambda name: name.lower() not in KEYWORDS) | st.sampled_from(
    sorted(FUNCTIONS)
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
regexes = st.sampled_from(["a", "a|b", ".+", "(?i)x", "\\d+", '[^"]`'])
matchers = st.builds(Matcher, names, st.sampled_from([MatchOp.EQ, MatchOp.NE]), texts) | st.builds(
    Matcher, names, st.sampled_from([MatchOp.RE, MatchOp.NRE]), regexes
)
selecting = st.builds(Matcher, names, st.just(MatchOp.EQ), texts.filter(bool))
comparisons = st.sampled_from(["==", "!=", ">", ">=", "<", "<="])
numbers = st.floats(allow_nan=False, allow_infinity=False)
addresses = st.sampled_from(["10.0.0.1", "10.0.0.0/8", "::1-::2"])

compared: st.SearchStrategy[LabelFilter] = st.one_of(
    st.builds(StringFilter, matchers),
    st.builds(NumberFilter, names, comparisons, numbers),
    st.builds(DurationFilter, names, comparisons, st.integers(-(10**18), 10**18)),
    st.builds(BytesFilter, names, comparisons, st.integers(0, 2**50)),
    st.builds(IpFilter, names, st.sampled_from(["=", "!="]), addresses),
)
label_filters: st.SearchStrategy[LabelFilter] = st.recursive(
    compared, lambda inner: st.builds(AndFilter, inner, inner) | st.builds(OrFilter, inner, inner), max_leaves=4
)
extractions = st.lists(st.builds(Extraction, names, st.sampled_from(["a", "b_1"])), max_size=3).map(tuple)
named = st.lists(names | st.builds(StringFilter, matchers), min_size=1, max_size=3).map(tuple)
line_filters = st.one_of(
    st.builds(LineFilter, st.sampled_from(["|=", "!="]), st.lists(st.builds(LineOperand, texts), min_size=1, max_size=3).map(tuple)),
    st.builds(LineFilter, st.sampled_from(["|~", "!~"]), st.lists(st.builds(LineOperand, regexes), min_size=1, max_size=3).map(tuple)),
    st.builds(LineFilter, st.sampled_from(["|=", "!="]), st.tuples(st.builds(LineOperand, addresses, st.just(True)))),
)
stages: st.SearchStrategy[Stage] = st.one_of(
    line_filters,
    st.builds(JsonParser, extractions),
    st.builds(LogfmtParser, extractions, strict=st.booleans(), keep_empty=st.booleans()),
    st.just(UnpackParser()),
    st.just(Decolorize()),
    st.just(RegexpParser("(?P<a>.)")),
    st.just(PatternParser('<a> "<_>"')),
    st.builds(LabelFilterStage, label_filters),
    st.builds(Drop, named),
    st.builds(Keep, named),
)


def can_be_written(pipeline: list[Stage]) -> bool:
    """`| drop a` in front of `!= "b"` cannot: the text reads as `| drop a!="b"`."""
    return not any(
        isinstance(stage, Drop | Keep) and isinstance(stage.items[-1], str) and isinstance(after, LineFilter) and after.op in ("!=", "!~")
        for stage, after in pairwise(pipeline)
    )


logs = st.builds(
    LogExpr,
    st.tuples(selecting, st.lists(matchers, max_size=2)).map(lambda drawn: (drawn[0], *drawn[1])),
    st.lists(stages, max_size=3).filter(can_be_written).map(tuple),
)
unwraps = st.builds(Unwrap, names, st.sampled_from([None, "bytes", "duration", "duration_seconds"]), st.lists(label_filters, max_size=2).map(tuple))
range_ns = st.integers(0, 10**9).map(lambda ms: ms * 1_000_000)
offset_ns = st.integers(-(10**18), 10**18)
groupings = st.builds(Grouping, st.lists(names, max_size=3).map(tuple), st.booleans())
counted = st.builds(RangeAggregation, st.sampled_from(["rate", "count_over_time", "bytes_rate"]), st.builds(LogRange, logs, range_ns, offset_ns))
unwrapped = st.builds(
    RangeAggregation,
    st.sampled_from(["avg_over_time", "max_over_time", "stddev_over_time", "last_over_time"]),
    st.builds(LogRange, logs, range_ns, offset_ns, unwraps),
    st.none(),
    st.none() | groupings,
)
quantiles = st.builds(
    RangeAggregation,
    st.just("quantile_over_time"),
    st.builds(LogRange, logs, range_ns, offset_ns, unwraps),
    st.floats(0, 1),
    st.none() | groupings,
)
matchings = st.builds(VectorMatching, st.booleans(), st.lists(names, max_size=2).map(tuple)) | st.builds(
    VectorMatching,
    st.booleans(),
    st.lists(names, max_size=2).map(tuple),
    st.sampled_from(["many-to-one", "one-to-many"]),
    st.lists(names, max_size=2).map(tuple),
)


def operations(inner: st.SearchStrategy[MetricExpr]) -> st.SearchStrategy[MetricExpr]:
    """Binary operations without numbers by themselves on both sides, which the parser would fold."""
    vectors = inner.filter(lambda expr: not isinstance(expr, Literal))
    arithmetic = st.sampled_from(["+", "-", "*", "/", "%", "^", "==", "!=", "<", "<=", ">", ">="])
    return st.one_of(
        st.builds(BinaryOperation, arithmetic, vectors, inner, st.booleans(), st.none() | matchings),
        st.builds(BinaryOperation, arithmetic, inner, vectors),
        st.builds(BinaryOperation, st.sampled_from(LOGICAL), vectors, vectors, st.just(False), st.none() | matchings),
    )


def metrics_over(inner: st.SearchStrategy[MetricExpr]) -> st.SearchStrategy[MetricExpr]:
    vectors = inner.filter(lambda expr: not isinstance(expr, Literal))
    return st.one_of(
        operations(inner),
        st.builds(VectorAggregation, st.sampled_from(["sum", "count", "stdvar"]), vectors, st.none(), st.none() | groupings),
        st.builds(VectorAggregation, st.sampled_from(["topk", "bottomk"]), vectors, st.integers(1, 10**6), st.none() | groupings),
        st.builds(LabelReplace, vectors, texts, texts, texts, regexes),
    )


metrics: st.SearchStrategy[MetricExpr] = st.recursive(
    st.one_of(counted, unwrapped, quantiles, st.builds(Literal, numbers), st.builds(VectorLiteral, st.floats(0, 1e300))),
    metrics_over,
    max_leaves=4,
)
expressions = logs | metrics
