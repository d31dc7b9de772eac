"""Text to syntax tree: how operators bind, what is computed on the way, and the words and places of errors."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lgtm.parsing.cursor import NESTING_MAX
from lgtm.traceql.errors import QUERY_BYTES_MAX, ParseError
from lgtm.traceql.parser import parse
from lgtm.traceql.syntax import MetricsFilter, MetricsOperation, MetricsQuery, Pipeline, ScalarFilter, TopK
from traceql.expressions import QUERIES


@given(QUERIES)
def test_what_parses_prints_back(text: str) -> None:
    query = parse(text)
    assume(not re.search("Inf|NaN", str(query)))  # what is computed may be a number that no text stands for
    assert parse(str(query)) == query


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("{}", "{ true }"),
        ("{ .a || .b && .c }", "{ (.a || .b) && .c }"),
        ("{ .a - 1 - 2 = 0 }", "{ ((.a - 1) - 2) = 0 }"),
        ("{ 2 ^ 3 ^ .a = 1 }", "{ (2 ^ (3 ^ .a)) = 1 }"),
        ("{ .a + .b * .c ^ .d > 1 }", "{ (.a + (.b * (.c ^ .d))) > 1 }"),
        ("{ !.a = 1 }", "{ (!.a) = 1 }"),
        ("{ -.a + 1 * 2 ^ 3 ^ 2 > 1 }", "{ ((-.a) + 512) > 1 }"),
        ("{ 1 + 1 = 2 }", "{ true }"),
        ("{ .a = -minInt }", "{ .a = minInt }"),
        ("{ nil != .a }", "{ .a != nil }"),
        ("{ nil = nil }", "{ false }"),
        ('{ span."a b" =~ "x.*" }', '{ span."a b" =~ `x.*` }'),
        ("{ span:duration > 1000ms }", "{ duration > 1s }"),
        ("{ parent.span.x = 1 }", "{ parent.span.x = 1 }"),
        ("{ .a } && { .b } || { .c }", "(({ .a }) && ({ .b })) || ({ .c })"),
        ("{ .a } && { .b } > { .c }", "({ .a }) && (({ .b }) > ({ .c }))"),
        ("{ .a } > { .b } &>> { .c }", "(({ .a }) > ({ .b })) &>> ({ .c })"),
        ("({ .a } || { .b }) | by(name)", "({ .a }) || ({ .b }) | by(name)"),
        ("{} | avg(.a) + 1 > 2 * 3", "{ true } | ((avg(.a)) + (1)) > 6"),
        ("{} | sum(.a) = -(1)", "{ true } | sum(.a) = -1"),
        ("{} | by(.a) | coalesce() | select(.b, name)", "{ true } | by(.a) | coalesce() | select(.b, name)"),
        ("{} | quantile_over_time(duration, .5, 1) by(.a)", "{ true } | quantile_over_time(duration, 0.5, 1) by(.a)"),
        ("{} | compare({ .a })", "{ true } | compare({ .a }, 10)"),
        ("({} | rate()) * 2 + 1", "(({ true } | rate()) * 2) + 1"),
        ("({} | rate()) + 2 * 3", "({ true } | rate()) + 6"),
        ("({} | rate()) * 2 | bottomk(3)", "(({ true } | rate()) * 2) | bottomk(3)"),
        ('{} with(a=1, b="x") with(c=2)', "{ true } with(a=1, b=`x`, c=2)"),
    ],
)
def test_the_canonical_form_shows_how_a_text_was_read(text: str, canonical: str) -> None:
    assert str(parse(text)) == canonical


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("{} | count() > 1", Pipeline),
        ("count() > 1", Pipeline),
        ("({} | count()) > ({} | count())", ScalarFilter),
        ("{} | rate()", MetricsQuery),
        ("({} | rate()) / ({} | rate())", MetricsOperation),
        ("{} | rate() | topk(5)", TopK),
        ("{} | rate() > 5", MetricsFilter),
    ],
)
def test_what_kind_of_query_it_is(text: str, kind: type) -> None:
    assert type(parse(text).root) is kind


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "parse error : syntax error: unexpected $end"),
        ("{", "parse error at line 1, col 2: syntax error: unexpected $end"),
        ("}", "parse error at line 1, col 1: syntax error: unexpected }"),
        ("{ .a = }", "parse error at line 1, col 8: syntax error: unexpected }"),
        ("{ .a .b }", "parse error at line 1, col 6: syntax error: unexpected ."),
        ("{ foo = 1 }", "parse error at line 1, col 3: unknown identifier: foo"),
        ("{ .a = x && ) }", "parse error at line 1, col 8: unknown identifier: x"),
        ("{ span. = 1 }", "parse error at line 0, col 3: syntax error: unexpected END_ATTRIBUTE, expecting IDENTIFIER"),
        ("{ span:foo }", "parse error at line 1, col 8: syntax error: unexpected IDENTIFIER"),
        ('{ .a = "x }', "parse error at line 1, col 8: literal not terminated"),
        ("{}\n| bar", "parse error at line 2, col 3: syntax error: unexpected IDENTIFIER"),
        ("{} {}", "parse error at line 1, col 4: syntax error: unexpected {, expecting with"),
        ("({} | by(.a)) | count() > 1", "parse error at line 1, col 15: syntax error: unexpected |, expecting with"),
        ("{} | count()", "parse error at line 1, col 13: syntax error: unexpected $end"),
        ("{} | rate(", "parse error at line 1, col 11: syntax error: unexpected $end, expecting )"),
        ("{} | topk(1)", "parse error at line 1, col 6: syntax error: unexpected topk"),
        ("{} | rate() | topk(-1)", "parse error at line 1, col 20: syntax error: unexpected -, expecting INTEGER"),
        ("{} with()", "parse error at line 1, col 9: syntax error: unexpected ), expecting IDENTIFIER"),
        ("{} with(a)", "parse error at line 1, col 10: syntax error: unexpected ), expecting ="),
        ("{} with(x=y)", "parse error at line 1, col 11: unknown identifier: y"),
        ("1 / 0 > count()", "parse error at line 1, col 3: division by zero"),
    ],
)
def test_errors_have_words_and_a_place(text: str, message: str) -> None:
    with pytest.raises(ParseError) as raised:
        parse(text)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("({} | rate()) * 1s", "line 0, col 17"),
        ("({} | rate()) + 1s", "line 1, col 19"),
        ("({} | rate()) + 1s | topk(1)", "line 1, col 20"),
        ("({} | rate()) / (1s)", "line 1, col 20"),
    ],
)
def test_a_duration_in_arithmetic_of_metrics_is_told_where_the_parser_has_read_to(text: str, place: str) -> None:
    with pytest.raises(ParseError, match=f"{place}: duration cannot be used as a scalar operand in metric arithmetic"):
        parse(text)


@pytest.mark.parametrize("deep", ["{" + "(" * 300 + ".a" + ")" * 300 + "}", "{ " + "!" * 300 + ".a }", "{ " + ".a + " * 300 + "1 = 1 }"])
def test_what_nests_too_deep_is_refused(deep: str) -> None:
    with pytest.raises(ParseError, match=f"query nests deeper than {NESTING_MAX} levels"):
        parse(deep)


def test_a_text_that_is_too_long_is_not_read() -> None:
    with pytest.raises(ParseError, match=f"input size too long \\({QUERY_BYTES_MAX + 1} > {QUERY_BYTES_MAX}\\)"):
        parse("é" * (QUERY_BYTES_MAX // 2) + " ")


@given(st.text(alphabet='{}()|&<>=!~., .a1s"', max_size=30))
def test_any_text_is_a_query_that_prints_back_or_a_parse_error(text: str) -> None:
    try:
        parsed = parse(text)
    except ParseError:
        return
    assert parse(str(parsed)) == parsed
