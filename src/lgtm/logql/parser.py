"""Text to syntax tree: operator precedence for expressions and label filters, recursive descent for the rest.

Errors come in the order in which Loki meets them: what no token can follow, and values that cannot be made (a matcher's regex, a parser's
pattern), as they are read; then what the whole text lacks or combines wrongly; then stages that cannot be built.
"""

from __future__ import annotations

from lgtm.errors import BadRequest
from lgtm.logql.check import Misuse, check_selectors
from lgtm.logql.errors import QUERY_BYTES_MAX, ParseError, WrongKind
from lgtm.logql.grammar import automaton
from lgtm.logql.lexer import lex
from lgtm.logql.metric_parser import MetricParser
from lgtm.logql.stages import InvalidStage
from lgtm.logql.syntax import Expr, LogExpr
from lgtm.model.matchers import Matcher
from lgtm.parsing.cursor import NESTING_MAX, Cursor, TooDeep, Unexpected
from lgtm.parsing.tokens import END, Token


def parse(text: str) -> Expr:
    """Raises ParseError."""
    return _parse(text, allow_empty_compatible=False)


def parse_log_selector(text: str) -> LogExpr:
    """Raises ParseError, or WrongKind for a metric query."""
    expr = parse(text)
    if not isinstance(expr, LogExpr):
        raise WrongKind("only log selector is supported")
    return expr


def parse_matchers(text: str, *, allow_empty_compatible: bool = False) -> tuple[Matcher, ...]:
    """allow_empty_compatible: whether `{}` and other selectors of everything will do. Raises ParseError, or WrongKind for more than matchers."""
    expr = _parse(text, allow_empty_compatible=allow_empty_compatible)
    if not isinstance(expr, LogExpr) or expr.stages:
        raise WrongKind("only label matchers are supported")
    return expr.matchers


def _parse(text: str, *, allow_empty_compatible: bool) -> Expr:
    size = len(text.encode("utf-8", "surrogatepass"))
    if size >= QUERY_BYTES_MAX:
        raise ParseError(f"input size too long ({size} > {QUERY_BYTES_MAX})")
    tokens = lex(text)
    parser = MetricParser(Cursor(tokens))
    try:
        expr = parser.query()
    except Unexpected as unexpected:
        raise _syntax_error(tokens, unexpected.index) from None
    except TooDeep as deep:
        token = tokens[deep.index]
        raise ParseError(f"query nests deeper than {NESTING_MAX} levels", token.line, token.column) from None
    except Misuse as misuse:
        raise _first_syntax_error(tokens) or ParseError(str(misuse)) from None
    except BadRequest as error:
        raise ParseError(str(error)) from error
    if tokens[-1].error is not None:
        raise _unreadable(tokens[-1])
    try:
        check_selectors(expr, allow_empty_compatible=allow_empty_compatible)
    except Misuse as misuse:
        raise ParseError(str(misuse)) from None
    _raise_first(parser.invalid_stages)
    return expr


def _raise_first(invalid: list[InvalidStage]) -> None:
    if invalid:
        raise ParseError(str(invalid[0])) from invalid[0]


def _first_syntax_error(tokens: list[Token]) -> ParseError | None:
    """What is wrong with the text as such, wherever it is: Loki finds this before anything that concerns meaning."""
    rejection = automaton().first_rejected(token.kind for token in tokens[:-1])
    if rejection is not None:
        return _syntax_error(tokens, rejection.index)
    return _unreadable(tokens[-1]) if tokens[-1].error is not None else None


def _syntax_error(tokens: list[Token], index: int) -> ParseError:
    """Worded from the grammar's tables: the parser knows that the token at `index` is wrong, the tables which ones would have been right."""
    token = tokens[index]
    if token.kind == END and token.error is not None:
        return _unreadable(token)
    rejection = automaton().first_rejected(token.kind for token in tokens[: index + 1] if token.kind != END)
    expected = rejection.expected if rejection is not None and rejection.index == index else ()
    expecting = f", expecting {' or '.join(expected)}" if expected else ""
    return ParseError(f"syntax error: unexpected {token.kind}{expecting}", token.line, token.column)


def _unreadable(token: Token) -> ParseError:
    assert token.error is not None
    return ParseError(token.error, token.line, token.column)
