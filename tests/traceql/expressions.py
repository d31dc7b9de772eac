"""Expressions and queries of any shape, for properties."""

from __future__ import annotations

from hypothesis import strategies as st

_FIELDS = st.sampled_from(
    ["span.a", "resource.b", ".c", "event.d", "link.e", 'span."f g"', "name", "duration", "status", "kind", "trace:id", "span:childCount", "rootName"]
)
_LITERALS = st.sampled_from(["1", "-2", "0.5", "1e30", "3s", "1h30m", '"x"', '"`q\\""', "true", "false", "error", "unset", "server", "minInt"])
_OPERATORS = st.sampled_from(["&&", "||", "=", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "^", "=~", "!~"])
_RELATIONS = st.sampled_from(["&&", "||", ">", "<", ">>", "<<", "~", "!>", "!<", "!>>", "!<<", "!~", "&>", "&<", "&>>", "&<<", "&~"])


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("{} {} {}".format, inner, _OPERATORS, inner),
        inner.map("({})".format),
        inner.map("-({})".format),
        inner.map("!({})".format),
        _FIELDS.map("({} != nil)".format),
        _FIELDS.map("({} = nil)".format),
    )


EXPRESSIONS = st.recursive(_FIELDS | _LITERALS, _larger, max_leaves=8)
"""Between braces; they parse, and may mean nothing."""

FILTERS = EXPRESSIONS.map("{{ {} }}".format)
SPANSETS = st.recursive(FILTERS, lambda inner: st.builds("({}) {} ({})".format, inner, _RELATIONS, inner), max_leaves=4)

_STAGES = st.one_of(
    FILTERS,
    _FIELDS.map("by({})".format),
    st.just("coalesce()"),
    st.lists(_FIELDS, min_size=1, max_size=3).map(lambda fields: f"select({', '.join(fields)})"),
    st.builds("{} {} {}".format, st.sampled_from(["count()", "avg(duration)", "sum(span.a)"]), st.sampled_from(["=", ">", "<="]), st.just("2")),
)
PIPELINES = st.builds(lambda first, rest: " | ".join([first, *rest]), SPANSETS, st.lists(_STAGES, max_size=3))

_FUNCTIONS = st.sampled_from(
    [
        "rate()",
        "count_over_time() by(name)",
        "avg_over_time(duration)",
        "histogram_over_time(span.a) by(span.b, name)",
        "quantile_over_time(duration, 0.5, .99)",
        "compare({ status = error })",
        "compare({ span.a = 1 }, 5, 1, 2)",
    ]
)
_METRICS = st.builds("{} | {}".format, PIPELINES, _FUNCTIONS)
_SECOND = st.sampled_from(["", " | topk(3)", " | bottomk(1)", " > 5", " | topk(2) >= 1s"])
_CALCULATED = st.builds("({}) {} ({}){}".format, _METRICS, st.sampled_from("+-*/"), _METRICS, _SECOND)
_HINTS = st.sampled_from(["", " with(most_recent=true)", ' with(a=1, b="x")'])

QUERIES = st.builds("{}{}".format, PIPELINES | st.builds("{}{}".format, _METRICS, _SECOND) | _CALCULATED, _HINTS)
