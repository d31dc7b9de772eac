"""Text of a query to tokens, by Prometheus' lexical rules.

Three states: between expressions, inside braces, and inside brackets, where only durations and their arithmetic can stand. Where the text cannot
be read, the last token carries the error; the parser reports it only if it gets that far.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lgtm.model.labels import quote
from lgtm.parsing.tokens import END, Token
from lgtm.promql.position import Positions
from lgtm.promql.strings import BadString, string_end, unquote_keeping_bytes
from lgtm.promql.syntax import AGGREGATIONS

IDENTIFIER, METRIC_IDENTIFIER, NUMBER, DURATION, STRING = "identifier", "metric identifier", "number", "duration", "string"

KEYWORDS = frozenset(
    [
        "offset",
        "smoothed",
        "anchored",
        "by",
        "without",
        "on",
        "ignoring",
        "group_left",
        "group_right",
        "bool",
        "fill",
        "fill_left",
        "fill_right",
        "start",
        "end",
        "step",
        "range",
    ]
)
WORD_OPERATORS = frozenset(("and", "or", "unless", "atan2"))
AGGREGATORS = frozenset(AGGREGATIONS)
_FILLS = ("fill", "fill_left", "fill_right")
SYMBOLS = frozenset(["(", ")", "{", "}", "[", "]", ",", "=", ":"])
OPERATORS = frozenset(["+", "-", "*", "/", "%", "^", "==", "!=", "=~", "!~", "<=", "<", ">=", ">", "</", ">/", "@"]) | WORD_OPERATORS

_SPACES = re.compile(r"[ \t\n\r]+")
_WORD = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*", re.ASCII)
_LABEL_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_LETTERS = re.compile(r"[A-Za-z0-9_]", re.ASCII)
_OPENING = re.compile(r"\s*\(")
_DURATION = re.compile(r"[smhdwy]s?(?:[0-9]+[smhdw]s?)*", re.ASCII)
_DURATION_BROKEN = re.compile(r"[smhdwy]s?(?:[0-9]+[smhdw]s?)*(?:[0-9]+)?", re.ASCII)
_TWO = ("==", "=~", "!=", "!~", "</", "<=", ">/", ">=")
_DURATION_WORDS = ("step", "range", "min_of", "max_of")


@dataclass(slots=True)
class _Broken(Exception):
    """The text from `start` on cannot be read."""

    start: int
    message: str


def lex(text: str) -> list[Token]:
    """The last token has the kind END; `error` says why the text cannot be read further."""
    return _Lexer(text).tokens()


def describe(token: Token) -> str:
    """How error messages name a token."""
    if token.kind == END:
        return "end of input"
    if token.kind in (IDENTIFIER, METRIC_IDENTIFIER):
        return f"{token.kind} {quote(token.text)}"
    if token.kind in KEYWORDS:
        return f"<{token.text}>"
    if token.kind in AGGREGATORS:
        return f"<aggr:{token.text}>"
    if token.kind in OPERATORS:
        return f"<op:{token.text}>"
    shown = quote(token.text[:10]) + "..." if len(token.text) > 10 else quote(token.text)
    return shown if token.kind in SYMBOLS else f"{token.kind} {shown}"


class _Lexer:
    def __init__(self, text: str) -> None:
        self._text = text
        self._positions = Positions(text)
        self._offset = 0
        self._parentheses = 0
        self._braces = False
        self._brackets = False
        self._colon = False
        self._found: list[Token] = []

    def tokens(self) -> list[Token]:
        try:
            while self._skip_blanks():
                self._next()
            self._check_closed()
            self._emit(END, self._offset, self._offset)
        except _Broken as broken:
            self._emit(END, broken.start, len(self._text), error=broken.message)
        return self._found

    def _skip_blanks(self) -> bool:
        """Whether anything is left behind blanks and comments."""
        while self._offset < len(self._text):
            if match := _SPACES.match(self._text, self._offset):
                self._offset = match.end()
            elif self._text[self._offset] == "#":
                newline = self._text.find("\n", self._offset)
                self._offset = len(self._text) if newline < 0 else newline
            else:
                return True
        return False

    def _check_closed(self) -> None:
        end = len(self._text)
        if self._braces:
            raise _Broken(end, "unexpected end of input inside braces")
        if self._brackets:
            raise _Broken(end, "unexpected end of input in duration expression" if not self._colon else "unclosed left bracket")
        if self._parentheses:
            raise _Broken(end, "unclosed left parenthesis")

    def _emit(self, kind: str, start: int, end: int, value: object = None, error: str | None = None) -> None:
        position = self._positions.at(start)
        self._found.append(Token(kind, self._text[start:end], value, position.line, position.column, error))
        self._offset = end

    def _next(self) -> None:
        start, character = self._offset, self._text[self._offset]
        if character in "\"'`" and not self._brackets:
            self._string(start)
        elif self._braces:
            self._in_braces(start, character)
        elif self._is_number(start):
            self._number(start)
        elif self._brackets:
            self._in_brackets(start, character)
        else:
            self._between(start, character)

    def _string(self, start: int) -> None:
        try:
            end = string_end(self._text, start)
        except BadString as error:
            raise _Broken(start, str(error)) from None
        self._emit(STRING, start, end, unquote_keeping_bytes(self._text[start:end]))

    def _is_number(self, start: int) -> bool:
        one, two = self._text[start], self._text[start + 1 : start + 2]
        return (one.isascii() and one.isdigit()) or (one == "." and two.isascii() and two.isdigit())

    def _number(self, start: int) -> None:
        end, whole = scan_number(self._text, start)
        if whole:
            self._emit(NUMBER, start, end)
            return
        match = _DURATION.match(self._text, end)
        if match is not None and not _LETTERS.match(self._text, match.end()):
            self._emit(DURATION, start, match.end())
            return
        broken = _DURATION_BROKEN.match(self._text, end)
        if broken is not None:
            end = broken.end() + (1 if _LETTERS.match(self._text, broken.end()) else 0)
        raise _Broken(start, f"bad number or duration syntax: {quote(self._text[start:end])}")

    def _in_braces(self, start: int, character: str) -> None:
        if match := _LABEL_WORD.match(self._text, start):
            self._emit(IDENTIFIER, start, match.end())
            return
        two = self._text[start : start + 2]
        if two in ("=~", "!~", "!="):
            self._emit(two, start, start + 2)
        elif character in "=,":
            self._emit(character, start, start + 1)
        elif character == "}":
            self._braces = False
            self._emit(character, start, start + 1)
        elif character == "!":
            raise _Broken(start, f"unexpected character after '!' inside braces: {_rune(self._text, start + 1)}")
        elif character == "{":
            raise _Broken(start, "unexpected left brace '{'")
        else:
            raise _Broken(start, f"unexpected character inside braces: {_rune(self._text, start)}")

    def _in_brackets(self, start: int, character: str) -> None:
        if match := _LABEL_WORD.match(self._text, start):
            word = match[0].lower()
            if word not in _DURATION_WORDS:
                raise _Broken(start, f"unexpected character in duration expression: {_rune(self._text, start)}")
            self._emit(word if word in KEYWORDS else IDENTIFIER, start, match.end(), word)
        elif character == ":":
            if self._colon:
                raise _Broken(start, "unexpected repeated colon in duration expression")
            self._colon = True
            self._emit(character, start, start + 1)
        elif character == "]":
            self._brackets = False
            self._emit(character, start, start + 1)
        elif character in "()":
            self._parenthesis(start, character)
        elif character in "+-*/%^,":
            self._emit(character, start, start + 1)
        else:
            raise _Broken(start, f"unexpected character in duration expression: {_rune(self._text, start)}")

    def _between(self, start: int, character: str) -> None:
        if match := _WORD.match(self._text, start):
            self._word(start, match.end())
        elif character in "()":
            self._parenthesis(start, character)
        elif (two := self._text[start : start + 2]) in _TWO and two not in ("=~", "!~"):
            self._emit(two, start, start + 2)
        elif two == "=~" or character == "!":
            raise _Broken(start, f"unexpected character after '{character}': {_rune(self._text, start + 1)}")
        elif character in "+-*/%^,=<>@":
            self._emit(character, start, start + 1)
        elif character == "{":
            self._braces = True
            self._emit(character, start, start + 1)
        elif character == "[":
            self._brackets, self._colon = True, False
            self._emit(character, start, start + 1)
        elif character == "]":
            raise _Broken(start, "unexpected right bracket ']'")
        else:
            raise _Broken(start, f"unexpected character: {_rune(self._text, start)}")

    def _parenthesis(self, start: int, character: str) -> None:
        self._parentheses += 1 if character == "(" else -1
        if self._parentheses < 0:
            raise _Broken(start, "unexpected right parenthesis ')'")
        self._emit(character, start, start + 1)

    def _word(self, start: int, end: int) -> None:
        word = self._text[start:end]
        lower = word.lower()
        if lower in ("inf", "nan"):
            self._emit(NUMBER, start, end)
        elif lower in _FILLS and not _OPENING.match(self._text, end):
            self._emit(IDENTIFIER, start, end)
        elif lower in KEYWORDS or lower in WORD_OPERATORS or lower in AGGREGATORS:
            self._emit(lower, start, end, lower)
        else:
            self._emit(METRIC_IDENTIFIER if ":" in word else IDENTIFIER, start, end)


_DECIMAL, _HEXADECIMAL = "0123456789", "0123456789abcdefABCDEF"


def scan_number(text: str, start: int) -> tuple[int, bool]:
    """Where the number ends as far as it can be read, and whether it is one that ends there."""
    offset, digits = start, _DECIMAL

    def takes(characters: str) -> bool:
        nonlocal offset
        if offset < len(text) and text[offset] in characters:
            offset += 1
            return True
        return False

    if takes("0") and takes("xX"):
        takes("_")
        digits = _HEXADECIMAL
    takes(".") or takes(digits)
    takes(digits)
    point, exponent = False, False
    while offset < len(text) and text[offset] in digits + "._eE":
        if takes("."):
            if point or takes("_.") or digits is _HEXADECIMAL:
                return offset, False
            point = True
        elif digits is _DECIMAL and takes("eE"):
            if exponent:
                return offset, False
            exponent = True
            takes("+-")
            if takes("._eE") or offset == len(text):
                return offset, False
        elif takes("_"):
            if takes("._eE") or offset == len(text):
                return offset, False
        else:
            while takes(digits):
                pass
    return offset, not _LETTERS.match(text, offset)


def _rune(text: str, offset: int) -> str:
    """A character in single quotes, as Go prints it."""
    if offset >= len(text):
        return "'\\uffff'"
    return "'" + quote(text[offset])[1:-1].replace("'", "\\'").replace('\\"', '"') + "'"
