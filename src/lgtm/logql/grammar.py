"""The grammar of LogQL as rules, from which error messages take what was expected. `parser.py` builds the trees.

The tokens stand in the order in which a message names them. Alternatives are spelled out where that decides which tokens one state can
shift: after `[5m]` an `offset` or a pipeline may follow, but the message names only `)`, because the range may already end there.
"""

from __future__ import annotations

import functools

from lgtm.parsing.lalr import Automaton, Precedence, read_rules

PRECEDENCE = Precedence(
    levels=("or", "and unless", "== != < <= > >=", "+ -", "* / %", "^"),
    right=frozenset("^"),
)
"""Of binary operators, and of `and` and `or` between label filters; loosest first."""

RANGE_FUNCTIONS = (
    "count_over_time", "rate", "rate_counter", "bytes_over_time", "bytes_rate", "avg_over_time", "sum_over_time", "min_over_time",
    "max_over_time", "stdvar_over_time", "stddev_over_time", "quantile_over_time", "first_over_time", "last_over_time", "absent_over_time",
)  # fmt: skip
AGGREGATIONS = (
    "sum", "avg", "max", "min", "count", "stddev", "stdvar", "bottomk", "topk", "approx_topk", "sort", "sort_desc",
)  # fmt: skip
CONVERSIONS = {"bytes": "BYTES_CONV", "duration": "DURATION_CONV", "duration_seconds": "DURATION_SECONDS_CONV"}
FUNCTIONS = {name: name.upper() for name in (*RANGE_FUNCTIONS, *AGGREGATIONS, "label_replace", "vector")} | CONVERSIONS | {"ip": "ip"}
"""Names that are keywords only in front of a bracket or a grouping → kind of token."""

KEYWORDS = (
    "by", "without", "bool", "on", "ignoring", "group_left", "group_right", "offset", "unwrap", "json", "logfmt", "regexp", "unpack",
    "pattern", "label_format", "line_format", "decolorize", "drop", "keep", "or", "and", "unless",
)  # fmt: skip
SYMBOLS = (
    "=", "=~", "!~", "!>", "{", "}", "[", "]", ",", ".", "|~", "|=", "|>", "(", ")", "|", "==", "!=", "<", "<=", ">", ">=",
    "+", "-", "*", "/", "%", "^",
)  # fmt: skip

TOKENS = (
    "BYTES", "IDENTIFIER", "STRING", "NUMBER", "PARSER_FLAG", "DURATION", "RANGE",
    "=", "=~", "!~", "!>", "{", "}", "[", "]", ",", ".", "|~", "|=", "|>", "(", ")", "by", "without",
    *(name.upper() for name in (*RANGE_FUNCTIONS, *AGGREGATIONS, "vector", "label_replace")), *CONVERSIONS.values(),
    "bool", "on", "ignoring", "group_left", "group_right", "offset", "|",
    "unwrap", "json", "logfmt", "regexp", "unpack", "pattern", "label_format", "line_format", "decolorize", "drop", "keep", "ip",
    "or", "and", "unless", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "^",
)  # fmt: skip

_RULES = """
query:
    expression
expression:
    log
    metric
log:
    selector
    selector pipeline
    ( log )
metric:
    range_aggregation
    aggregation
    binary
    literal
    LABEL_REPLACE ( metric , STRING , STRING , STRING , STRING )
    VECTOR ( NUMBER )
    ( metric )
selector:
    { matchers }
    { }
matchers:
    matcher
    matchers , matcher
matcher:
    IDENTIFIER = STRING
    IDENTIFIER != STRING
    IDENTIFIER =~ STRING
    IDENTIFIER !~ STRING
pipeline:
    stage
    pipeline stage
stage:
    line_filter
    | parser
    | label_filter
    | line_format STRING
    | label_format formats
    | decolorize
    | drop named_list
    | keep named_list
line_filter:
    line_operator operands
line_operator:
    |=
    !=
    |~
    !~
    |>
    !>
operands:
    operand
    operand or operands
operand:
    STRING
    ip ( STRING )
parser:
    json
    json extractions
    logfmt
    logfmt flags
    logfmt extractions
    logfmt flags extractions
    regexp STRING
    pattern STRING
    unpack
flags:
    PARSER_FLAG
    flags PARSER_FLAG
extractions:
    extraction
    extractions , extraction
extraction:
    IDENTIFIER
    IDENTIFIER = STRING
formats:
    format
    formats , format
format:
    IDENTIFIER = IDENTIFIER
    IDENTIFIER = STRING
named_list:
    named
    named_list , named
named:
    IDENTIFIER
    matcher
label_filter:
    matcher
    IDENTIFIER comparison literal
    IDENTIFIER comparison DURATION
    IDENTIFIER comparison BYTES
    IDENTIFIER = ip ( STRING )
    IDENTIFIER != ip ( STRING )
    ( label_filter )
    label_filter label_filter
    label_filter , label_filter
    label_filter and label_filter
    label_filter or label_filter
comparison:
    >
    >=
    <
    <=
    ==
    =
    !=
unwrapping:
    | unwrap IDENTIFIER
    | unwrap conversion ( IDENTIFIER )
    unwrapping | label_filter
conversion:
    BYTES_CONV
    DURATION_CONV
    DURATION_SECONDS_CONV
range:
    RANGE
    RANGE offset DURATION
log_range:
    selector range
    selector range pipeline
    selector range unwrapping
    selector range pipeline unwrapping
    selector pipeline range
    selector unwrapping range
    selector pipeline unwrapping range
    ( selector ) range
    ( selector ) range pipeline
    ( selector ) range unwrapping
    ( selector ) range pipeline unwrapping
    ( selector pipeline ) range
    ( selector pipeline ) range unwrapping
    ( selector unwrapping ) range
    ( selector pipeline unwrapping ) range
    ( log_range )
range_aggregation:
    range_function ( log_range )
    range_function ( NUMBER , log_range )
    range_function ( log_range ) grouping
    range_function ( NUMBER , log_range ) grouping
aggregation:
    aggregator ( metric )
    aggregator grouping ( metric )
    aggregator ( metric ) grouping
    aggregator ( NUMBER , metric )
    aggregator grouping ( NUMBER , metric )
    aggregator ( NUMBER , metric ) grouping
grouping:
    by ( labels )
    by ( )
    without ( labels )
    without ( )
labels:
    IDENTIFIER
    labels , IDENTIFIER
literal:
    NUMBER
    + NUMBER
    - NUMBER
modifier:
    bool_modifier
    bool_modifier on_or_ignoring
    bool_modifier on_or_ignoring group_side
    bool_modifier on_or_ignoring group_side ( )
    bool_modifier on_or_ignoring group_side ( labels )
bool_modifier:
    empty
    bool
on_or_ignoring:
    on ( labels )
    on ( )
    ignoring ( labels )
    ignoring ( )
group_side:
    group_left
    group_right
"""


@functools.cache
def automaton() -> Automaton:
    """Built at the first use, in some ten milliseconds."""
    lists = {"range_function": RANGE_FUNCTIONS, "aggregator": AGGREGATIONS}
    choices = "".join(f"{name}:\n" + "".join(f"    {function.upper()}\n" for function in functions) for name, functions in lists.items())
    operators = " ".join(PRECEDENCE.levels).split()
    binary = "binary:\n" + "".join(f"    expression {operator} modifier expression\n" for operator in operators)
    return Automaton(read_rules(_RULES + choices + binary, PRECEDENCE), TOKENS, PRECEDENCE)
