"""Text of a query to tokens.

Go's lexical rules, and on top of them: durations, operators of up to three characters, and names of attributes, which begin behind a scope
(`span.`, or `.` alone) and run until a blank or one of a few characters. A name is two tokens, IDENTIFIER and END_ATTRIBUTE. Tokens that
Tempo reads character by character have no line: 0.
"""

from __future__ import annotations

import re

from lgtm.model.labels import quote
from lgtm.parsing.durations import parse_duration as parse_prometheus_duration
from lgtm.parsing.gonumbers import parse_duration as parse_go_duration
from lgtm.parsing.gonumbers import parse_float
from lgtm.parsing.goscan import Class, Lexeme, bad_character, scan, unquote
from lgtm.parsing.tokens import END, Lines, Token
from lgtm.traceql.grammar import COLONS, KEYWORDS, SCOPES, SYMBOLS

INT_MAX, INT_MIN = 2**63 - 1, -(2**63)

_KEYWORDS = frozenset(KEYWORDS)
_SYMBOLS = sorted(SYMBOLS, key=len, reverse=True)
_PREFIXES = (*SCOPES, *COLONS)
_BEHIND_PARENT = ("span.", "resource.")
_NAMED_NUMBERS = {"minInt": INT_MIN, "maxInt": INT_MAX}
_UNIT_CHARACTERS_MAX = 64
"""Longer runs are no unit. Without a bound, `1.s.1.s…` would be read again from each of its numbers."""
_DURATION_TAIL = re.compile(rf"[0-9nuµmshdwy.]{{1,{_UNIT_CHARACTERS_MAX}}}")
_PLAIN_NAME = re.compile(r'[^\s{}()=~!<>&|^,"]+')
_QUOTED_NAME = re.compile(r'"((?:[^"\\]|\\.)*)("?)', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def lex(text: str) -> list[Token]:
    """The last token has the kind END; it carries an error where the text cannot be read further."""
    return _Lexer(text).tokens()


def needs_quotes(name: str) -> bool:
    """Whether an attribute of this name has to be written in quotes."""
    match = _PLAIN_NAME.match(name)
    return match is None or match.end() != len(name)


def duration_ns(text: str) -> int | None:
    """Prometheus' form first, then Go's; None when it is neither."""
    for parse in (parse_prometheus_duration, parse_go_duration):
        try:
            return parse(text)
        except ValueError:
            continue
    return None


class _Lexer:
    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = Lines(text)
        self._bad = bad_character(text)
        self._found: list[Token] = []

    def tokens(self) -> list[Token]:
        offset = 1 if self._text.startswith("\ufeff") else 0
        while not self._found or self._found[-1].kind != END:
            lexeme = scan(self._text, offset)
            offset = self._broken(lexeme) or self._read(lexeme)
        return self._found

    def _broken(self, lexeme: Lexeme) -> int:
        """Ends the text where Go's scanner refuses the lexeme or the character behind it; 0 when it does not."""
        if self._bad is not None and self._bad[0] <= lexeme.end:
            return self._add(END, lexeme.start, lexeme.end, error=self._bad[1])
        if lexeme.error is not None:
            return self._add(END, lexeme.start, max(lexeme.end, lexeme.start + 1), error=lexeme.error)
        return 0

    def _read(self, lexeme: Lexeme) -> int:
        """Adds what the lexeme stands for; where the next one is looked for."""
        start, end = lexeme.start, lexeme.end
        match lexeme.cls:
            case Class.END:
                return self._end()
            case Class.STRING:
                return self._string(start, end)
            case Class.NUMBER:
                return self._number(start, end)
            case Class.IDENTIFIER:
                return self._word(start, end)
            case Class.CHARACTER:
                return self._add("WORD", start, end)
            case _:
                return self._symbol(start)

    def _end(self) -> int:
        line, column = self._lines.position(len(self._text)) if self._text else (0, 0)
        self._found.append(Token(END, "", None, line, column))
        return len(self._text)

    def _string(self, start: int, end: int) -> int:
        try:
            return self._add("STRING", start, end, unquote(self._text[start:end]))
        except ValueError as error:
            return self._add(END, start, end, error=str(error))

    def _number(self, start: int, end: int) -> int:
        tail = _DURATION_TAIL.match(self._text, end)
        if tail and (ns := duration_ns(self._text[start : tail.end()])) is not None:
            return self._add("DURATION", start, tail.end(), ns, with_line=False)
        text = self._text[start:end]
        if text.isascii() and text.isdigit():
            value = int(text) if len(text) < 100 else INT_MAX + 1
            if value <= INT_MAX:
                return self._add("INTEGER", start, end, value)
            return self._add(END, start, end, error=f"strconv.Atoi: parsing {quote(text)}: value out of range")
        if (text[0] == "0" and text[1:2].isalpha()) or ("_" in text and "." not in text):
            return self._add(END, start, end, error=f"strconv.Atoi: parsing {quote(text)}: invalid syntax")
        try:
            return self._add("FLOAT", start, end, parse_float(text))
        except ValueError as error:
            return self._add(END, start, end, error=str(error))

    def _word(self, start: int, end: int) -> int:
        for prefix in _PREFIXES:
            if self._text.startswith(prefix, start) and len(prefix) == end - start + 1:
                return self._prefix(prefix, start)
        word = self._text[start:end]
        if word in _NAMED_NUMBERS:
            return self._add("INTEGER", start, end, _NAMED_NUMBERS[word])
        return self._add(word if word in _KEYWORDS else "WORD", start, end, word)

    def _prefix(self, prefix: str, start: int) -> int:
        end = self._add(prefix, start, start + len(prefix), with_line=False)
        if prefix in COLONS:
            return end
        if prefix == "parent.":
            for scope in _BEHIND_PARENT:
                if self._text.startswith(scope, end):
                    end = self._add(scope, end, end + len(scope), with_line=False)
                    break
        return self._name(start, end, with_line=False)

    def _symbol(self, start: int) -> int:
        for symbol in _SYMBOLS:
            if self._text.startswith(symbol, start):
                end = self._add(symbol, start, start + len(symbol), with_line=len(symbol) == 1)
                return self._name(start, end, with_line=True) if symbol == "." else end
        return self._add("WORD", start, start + 1)

    def _name(self, scope: int, start: int, *, with_line: bool) -> int:
        """The name of an attribute; its tokens have the place of the scope in front of it."""
        parts, end = [], start
        while end < len(self._text):
            if plain := _PLAIN_NAME.match(self._text, end):
                parts.append(plain[0])
                end = plain.end()
            elif quoted := _QUOTED_NAME.match(self._text, end):
                wrong = any(escaped[1] not in '"\\' for escaped in _ESCAPED.finditer(quoted[1]))
                if wrong or not quoted[2]:
                    error = "invalid escape sequence" if wrong else 'unexpected EOF, expecting "'
                    return self._add(END, scope, len(self._text), with_line=False, error=error)
                parts.append(_ESCAPED.sub(r"\1", quoted[1]))
                end = quoted.end()
            else:
                break
        line, column = self._lines.position(scope)
        line = line if with_line else 0
        if end > start:
            self._found.append(Token("IDENTIFIER", self._text[start:end], "".join(parts), 0, column))
            line = 0
        self._found.append(Token("END_ATTRIBUTE", "", None, line, column))
        return end

    def _add(self, kind: str, start: int, end: int, value: object = None, *, with_line: bool = True, error: str | None = None) -> int:
        line, column = self._lines.position(start)
        self._found.append(Token(kind, self._text[start:end], value, line if with_line else 0, column, error))
        return end
