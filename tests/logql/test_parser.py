"""Text to syntax tree, and refusals in Loki's words."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from lgtm.errors import BadRequest
from lgtm.logql.errors import QUERY_BYTES_MAX, ParseError, WrongKind
from lgtm.logql.grammar import FUNCTIONS, KEYWORDS, automaton
from lgtm.logql.lexer import lex
from lgtm.logql.metric_parser import MetricParser
from lgtm.logql.parser import parse, parse_log_selector, parse_matchers
from lgtm.logql.printer import pretty
from lgtm.logql.syntax import Literal, LogExpr, RangeAggregation
from lgtm.model.matchers import Matcher, MatchOp
from lgtm.parsing.cursor import NESTING_MAX, Cursor, TooDeep, Unexpected
from lgtm.parsing.tokens import Token

HERE = Path(__file__).parent
RECORDED = [json.loads(line) for line in (HERE / "data" / "parse.jsonl").read_text().splitlines()]
SCRIPTS = HERE.parent / "scripts" / "logql"


def error_of(text: str) -> str | None:
    try:
        parse(text)
    except BadRequest as error:
        return str(error)
    return None


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda recorded: recorded["query"][:80])
def test_queries_are_accepted_and_refused_as_loki_does(recorded: dict[str, str]) -> None:
    assert error_of(recorded["query"]) == recorded["error"]


def script(name: str) -> list[str]:
    return [line for line in (SCRIPTS / name).read_text().splitlines() if line and not line.startswith("#")]


@pytest.mark.parametrize("query", script("identity.txt"))
def test_canonical_queries_print_as_themselves(query: str) -> None:
    assert str(parse(query)) == query


@pytest.mark.parametrize("line", script("canonical.txt"))
def test_every_spelling_has_one_canonical_form(line: str) -> None:
    written, canonical = line.split("  =>  ")
    assert str(parse(written)) == canonical


@pytest.mark.parametrize("line", script("errors.txt"))
def test_refusals(line: str) -> None:
    query, error = line.split("  =>  ")
    assert error_of(query) == error


def test_names_of_functions_are_labels_where_no_function_can_stand() -> None:
    for name in FUNCTIONS:
        assert parse(f'{{{name}="x"}} | {name}="y"')


@pytest.mark.parametrize("keyword", KEYWORDS)
def test_other_keywords_are_never_labels(keyword: str) -> None:
    assert error_of(f'{{{keyword}="x"}}') == f"parse error at line 1, col 2: syntax error: unexpected {keyword}, expecting IDENTIFIER or }}"


@pytest.mark.parametrize(
    ("text", "value"),
    [("1 + 2 * 3", 7), ("2 ^ 3 ^ 2", 512), ("-2 ^ 2", 4), ("1 > 2", 0), ("1 < bool 2", 1), ("7 % 4", 3), ("(1 + 2) * 3", 9), ("1 +- 1", 0)],
)
def test_numbers_are_folded(text: str, value: float) -> None:
    assert parse(text) == Literal(value)


@pytest.mark.parametrize("text", ["1 / 0", "1 % 0", "0 / 0"])
def test_division_by_zero_is_no_number(text: str) -> None:
    folded = parse(text)
    assert isinstance(folded, Literal)
    assert folded.value != folded.value


@pytest.mark.parametrize(
    "text",
    [
        'sum_over_time({a="b"} | logfmt | unwrap c | d="e" [5m] offset 1h)',
        'sum_over_time({a="b"}[5m] offset 1h | logfmt | unwrap c | d="e")',
        'sum_over_time(({a="b"} | logfmt | unwrap c | d="e")[5m] offset 1h)',
        'sum_over_time(({a="b"} | logfmt)[5m] offset 1h | unwrap c | d="e")',
        'sum_over_time((({a="b"} | logfmt | unwrap c | d="e" [5m] offset 1h)))',
        'sum_over_time((({a="b"})[5m] offset 1h | logfmt | unwrap c | d="e"))',
    ],
)
def test_the_window_may_stand_in_many_places(text: str) -> None:
    assert parse(text) == parse('sum_over_time({a="b"} | logfmt | unwrap c | d="e" [5m] offset 1h)')


def test_a_log_selector_is_no_metric_query() -> None:
    assert isinstance(parse_log_selector('({a="b"} | json)'), LogExpr)
    with pytest.raises(WrongKind, match=r"^only log selector is supported$"):
        parse_log_selector('rate({a="b"}[5m])')


@pytest.mark.parametrize("text", ['{a="b"} | json', 'rate({a="b"}[5m])', "1"])
def test_matchers_are_neither_pipelines_nor_metric_queries(text: str) -> None:
    with pytest.raises(WrongKind, match=r"^only label matchers are supported$"):
        parse_matchers(text)


def test_matchers_that_select_everything_are_taken_only_on_request() -> None:
    assert parse_matchers("{}", allow_empty_compatible=True) == ()
    assert parse_matchers('{a!="b"}', allow_empty_compatible=True) == (Matcher("a", MatchOp.NE, "b"),)
    with pytest.raises(ParseError, match="empty-compatible"):
        parse_matchers("{}")


def test_what_is_wrong_with_the_text_is_told_before_what_is_wrong_with_the_meaning() -> None:
    assert error_of('sum_over_time({a="b"}[5m]) foo') == "parse error at line 1, col 28: syntax error: unexpected IDENTIFIER"
    assert error_of('1 or 2 "') == "parse error at line 1, col 8: literal not terminated"
    assert error_of('{a="b"} |~ "(" | nope') == "parse error at line 1, col 22: syntax error: unexpected $end"
    assert "empty-compatible" in str(error_of('{a=""} |~ "("'))


def test_a_query_has_a_greatest_length_in_bytes() -> None:
    longest = f'{{a="{"é" * ((QUERY_BYTES_MAX - 8) // 2)}"}}'
    assert parse(longest)
    assert error_of(longest + "  ") == f"parse error : input size too long ({len(longest.encode()) + 2} > 131072)"


def deep(frames: int, call: Callable[[], object]) -> object:
    """What a server's own frames leave of the stack."""
    return call() if frames == 0 else deep(frames - 1, call)


NESTED: dict[str, Callable[[int], str]] = {
    "brackets": lambda n: "(" * n + 'rate({a="b"}[5m])' + ")" * n,
    "unclosed brackets": lambda n: "(" * n,
    "logs in brackets": lambda n: "(" * n + '{a="b"}' + ")" * n,
    "ranges in brackets": lambda n: "rate(" + "(" * n + '{a="b"}[5m]' + ")" * n + ")",
    "aggregations": lambda n: "sum(" * n + 'rate({a="b"}[5m])' + ")" * n,
    "replacements": lambda n: "label_replace(" * n + 'rate({a="b"}[5m])' + ',"a","b","c","d")' * n,
    "a chain": lambda n: "vector(1)" + "+vector(1)" * n,
    "a chain to the right": lambda n: "vector(1)" + "^vector(1)" * n,
    "a filter in brackets": lambda n: '{a="b"} | ' + "(" * n + 'a="b"' + ")" * n,
    "a chain of filters": lambda n: '{a="b"} | a="b"' + ' or a="b"' * n,
    "both, in turn": lambda n: "sum(vector(1)^" * n + 'rate({a="b"}[5m])' + ")" * n,
    "a chain of filters to the right": lambda n: '{a="b"} | a="b"' + ',a="b"' * n,
}


@pytest.mark.parametrize("nested", NESTED.values(), ids=NESTED)
def test_nesting_is_bounded_and_never_exhausts_the_stack(nested: Callable[[int], str]) -> None:
    def walk() -> None:
        expr = parse(nested(NESTING_MAX // 2 if nested is NESTED["both, in turn"] else NESTING_MAX - 1))
        assert expr == parse(str(expr)) == parse(pretty(expr))
        assert hash(expr) == hash(parse(str(expr)))

    def refuse() -> None:
        assert f"query nests deeper than {NESTING_MAX} levels" in str(error_of(nested(3_000)))

    if not nested(1).endswith("("):
        deep(150, walk)
    deep(150, refuse)


@pytest.mark.parametrize(
    "repeated",
    ["1.s", "sum by ", "sum  ", "[", "{", "(", "|", '"', "/*", "1h", "--", "a=", "a,", "a ", '|="a"', "|json", "#\n", "\n", "日", "0x", "\0"],
)
def test_hostile_texts_cost_linear_time(repeated: str) -> None:
    """Generous by a factor of ten for slow machines; quadratic work on 130,000 characters would take minutes."""
    for prefix in ("", '{a="b"} ', '{a="b"} | '):
        text = prefix + repeated * ((QUERY_BYTES_MAX - 100) // len(repeated.encode()))
        started = time.process_time()
        error_of(text)
        assert time.process_time() - started < 10


FRAGMENTS = [token.text for recorded in RECORDED for token in lex(recorded["query"])[:-1] if token.text]


@given(st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=3), max_size=15).map(" ".join) | st.text(max_size=60))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    error_of(text)


@given(st.data())
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_damaged_queries_are_refused_at_the_token_that_the_grammar_refuses(data: st.DataObject) -> None:
    """The parser and the grammar's tables are written apart: they must agree on every sentence."""
    pieces = [token.text for token in lex(data.draw(st.sampled_from(RECORDED))["query"])[:-1]]
    for _ in range(data.draw(st.integers(1, 3))):
        position = data.draw(st.integers(0, len(pieces)))
        pieces[position : position + data.draw(st.integers(0, 1))] = data.draw(st.lists(st.sampled_from(FRAGMENTS), max_size=2))
    tokens = lex(" ".join(pieces))
    rejection = automaton().first_rejected(token.kind for token in tokens[:-1])
    assert rejected_by_parser(tokens) == (None if rejection is None else rejection.index)


def rejected_by_parser(tokens: list[Token]) -> int | None:
    """Index of the token that the parser does not expect. Queries that are refused for another reason are no examples."""
    try:
        MetricParser(Cursor(tokens)).query()
    except Unexpected as unexpected:
        return unexpected.index
    except (TooDeep, BadRequest):
        assume(False)
    return None


def test_a_damaged_query_never_raises_anything_but_a_refusal() -> None:
    """Characters, not tokens: what an interrupted edit leaves behind."""
    random_source = random.Random(7)
    for recorded in RECORDED[::3]:
        text = recorded["query"]
        for _ in range(3):
            position = random_source.randrange(len(text) + 1)
            error_of(text[:position] + random_source.choice(["", '"', "(", "|", "\\", "é", "[", "9"]) + text[position + 1 :])


def test_errors_carry_their_position() -> None:
    with pytest.raises(ParseError) as caught:
        parse('{a="b"} |\n  nope nope')
    assert (caught.value.line, caught.value.column) == (2, 8)


def test_a_range_aggregation_holds_what_was_written() -> None:
    expr = parse('quantile_over_time(0.99, {a="b"} | json | unwrap duration(took) [5m] offset -1m) without (c)')
    assert isinstance(expr, RangeAggregation)
    assert (expr.op, expr.parameter, expr.range.range_ns, expr.range.offset_ns) == ("quantile_over_time", 0.99, 300 * 10**9, -60 * 10**9)
    assert expr.range.unwrap is not None
    assert (expr.range.unwrap.label, expr.range.unwrap.conversion) == ("took", "duration")
    assert expr.grouping is not None
    assert (expr.grouping.names, expr.grouping.without) == (("c",), True)
