"""What editors send while a query is being typed: as much of it as can be understood, and never an error; and the names of tags.

Only the first filter counts, of a relation between filters none, and only conditions that are complete and say where to look: those on names
without a scope are left out.
"""

from __future__ import annotations

from lgtm.parsing.cursor import Cursor, TooDeep
from lgtm.parsing.tokens import END, Token
from lgtm.traceql.check import check_filter
from lgtm.traceql.errors import InvalidQuery, ParseError
from lgtm.traceql.evaluate import conjuncts
from lgtm.traceql.field_parser import FieldParser
from lgtm.traceql.field_syntax import TRUE, Attribute, Field, FieldExpr, Intrinsic
from lgtm.traceql.folding import binary
from lgtm.traceql.grammar import LOGICAL, automaton
from lgtm.traceql.lexer import lex
from lgtm.traceql.parser import parse
from lgtm.traceql.syntax import MetricsQuery, Pipeline, Root, SpansetExpr, SpansetFilter, Stage
from lgtm.traceql.uses import expression_uses

_END = Token(END, "", None, 0, 0)


def parse_tag(text: str) -> Field:
    """The field that a tag's name means, such as `span.http.method` or `name`. Raises InvalidQuery."""
    wrong = f"please provide a valid tagName: failed to parse identifier {text}"
    try:
        stage = _first_filter(parse(f"{{{text}}}").root)
    except ParseError as error:
        raise InvalidQuery(f"{wrong}: {error}") from error
    if stage is None or not isinstance(stage.expr, Attribute | Intrinsic):
        raise InvalidQuery(wrong)
    return stage.expr


def parse_filter(text: str) -> FieldExpr:
    """The filter that can be made of it; `true` when there is none."""
    found: FieldExpr = TRUE
    for term in _terms(text):
        scoped = all(not isinstance(use.field, Attribute) or use.field.scope for use in expression_uses(term))
        if scoped and term != TRUE and _is_valid(term):
            found = term if found == TRUE else binary("&&", found, term)
    return found


def _terms(text: str) -> list[FieldExpr]:
    try:
        stage = _first_filter(parse(text).root)
    except ParseError:
        return _complete_terms(lex(text))
    return conjuncts(stage.expr) if stage is not None else []


def _first_filter(root: Root | Stage | SpansetExpr) -> SpansetFilter | None:
    match root:
        case SpansetFilter():
            return root
        case Pipeline():
            return _first_filter(root.stages[0])
        case MetricsQuery():
            return _first_filter(root.pipeline)
        case _:
            return None


def _complete_terms(tokens: list[Token]) -> list[FieldExpr]:
    """Of a text that is no query: what stands complete between `&&`, within the first braces. With `||` a part could mean less than the whole."""
    begin = next((at for at, token in enumerate(tokens) if token.kind == "{"), len(tokens))
    end = next((at for at, token in enumerate(tokens) if token.kind in ("}", END) and at > begin), len(tokens))
    parts: list[list[Token]] = [[]]
    for token in tokens[begin + 1 : end]:
        if token.kind == "||":
            return []
        parts.append([]) if token.kind in LOGICAL else parts[-1].append(token)
    return [term for part in parts if (term := _term(part)) is not None]


def _term(part: list[Token]) -> FieldExpr | None:
    kinds = ["{", *(token.kind for token in part), "}"]
    if not part or "WORD" in kinds or automaton().first_rejected(kinds) is not None:
        return None
    try:
        return FieldParser(Cursor([*part, _END])).field_expression()
    except TooDeep:
        return None


def _is_valid(term: FieldExpr) -> bool:
    try:
        check_filter(SpansetFilter(term))
    except InvalidQuery:
        return False
    return True
