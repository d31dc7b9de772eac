"""A template's text to tokens: text between actions, and what stands inside `{{` and `}}`. The rules are those of Go's text/template.

An action that starts with `{{- ` loses the white space in front of it, one that ends with ` -}}` the white space behind it. Comments
vanish. The first thing that is no token ends the tokens with an ERROR, which the parser words.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass

from lgtm.logql.gotemplate.literals import quote

LEFT, RIGHT = "{{", "}}"
_LEFT_COMMENT, _RIGHT_COMMENT = "/*", "*/"
_SPACES = " \t\r\n"
_TRIM_WIDTH = 2

_SPACE = re.compile(r"[ \t\r\n]+")
_WORD = re.compile(r"\w*")
_QUOTED = re.compile(r'"(?:[^"\\\n]|\\[^\n])*"')
_CHARACTER = re.compile(r"'(?:[^'\\\n]|\\[^\n])*'")
_NUMBER = re.compile(
    r"[+-]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?|0[oO][0-7_]*(?:\.[0-7_]*)?|0[bB][01_]*(?:\.[01_]*)?"
    r"|[0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?)i?"
)


class Kind(enum.Enum):
    BOOL = enum.auto()
    ASSIGN = enum.auto()
    CHAR = enum.auto()
    CHARACTER = enum.auto()
    COMPLEX = enum.auto()
    DECLARE = enum.auto()
    DOT = enum.auto()
    END_OF_TEXT = enum.auto()
    ERROR = enum.auto()
    FIELD = enum.auto()
    IDENTIFIER = enum.auto()
    KEYWORD = enum.auto()
    LEFT_DELIM = enum.auto()
    LEFT_PAREN = enum.auto()
    NIL = enum.auto()
    NUMBER = enum.auto()
    PIPE = enum.auto()
    RAW_STRING = enum.auto()
    RIGHT_DELIM = enum.auto()
    RIGHT_PAREN = enum.auto()
    SPACE = enum.auto()
    STRING = enum.auto()
    TEXT = enum.auto()
    VARIABLE = enum.auto()


KEYWORDS = frozenset(("block", "break", "continue", "define", "else", "end", "if", "range", "template", "with"))
_SINGLE = {"=": Kind.ASSIGN, "|": Kind.PIPE}
_SHOWN_IN_ANGLES = (Kind.KEYWORD, Kind.DOT, Kind.NIL)
_SHOWN_MAX = 10


@dataclass(slots=True, frozen=True)
class Token:
    """pos: offset in characters. line: the line it starts on, from 1. value: its text; of an ERROR, the complaint."""

    kind: Kind
    pos: int
    line: int
    value: str

    def __str__(self) -> str:
        if self.kind is Kind.END_OF_TEXT:
            return "EOF"
        if self.kind is Kind.ERROR:
            return self.value
        if self.kind in _SHOWN_IN_ANGLES:
            return f"<{self.value}>"
        if len(self.value.encode("utf-8", "surrogateescape")) > _SHOWN_MAX:
            return quote(self.value[:_SHOWN_MAX]) + "..."
        return quote(self.value)


class _Fault(Exception):
    """The rest of the text is no token."""


def tokens(text: str) -> Iterator[Token]:
    """Ends with END_OF_TEXT or ERROR. Linear in the text."""
    lexer = _Lexer(text)
    try:
        yield from lexer.run()
    except _Fault as fault:
        yield Token(Kind.ERROR, lexer.start, lexer.line, str(fault))


class _Lexer:
    def __init__(self, text: str) -> None:
        self.text = text
        self.pos = 0
        self.start = 0
        self.line = 1
        self.depth = 0

    def run(self) -> Iterator[Token]:
        while (left := self.text.find(LEFT, self.pos)) >= 0:
            yield from self._text(left)
            if self._comment():
                continue
            yield from self._action()
        yield from self._text(len(self.text))
        yield Token(Kind.END_OF_TEXT, self.pos, self.line, "")

    def _text(self, end: int) -> Iterator[Token]:
        """The text up to an action, without the white space that the action trims."""
        shown = self.text[self.pos : end]
        if self._trims_left(end + len(LEFT)):
            shown = shown.rstrip(_SPACES)
        if shown:
            yield Token(Kind.TEXT, self.pos, self.line, shown)
        self._advance(end)

    def _advance(self, end: int) -> None:
        self.line += self.text.count("\n", self.pos, end)
        self.pos = self.start = end

    def _trims_left(self, pos: int) -> bool:
        return self.text.startswith("-", pos) and self.text[pos + 1 : pos + 2] in tuple(_SPACES)

    def _right_delim(self, pos: int) -> tuple[bool, bool]:
        """Whether an action ends at `pos`, and whether it trims the text behind it."""
        if self.text[pos : pos + 1] in tuple(_SPACES) and self.text.startswith("-" + RIGHT, pos + 1):
            return True, True
        return self.text.startswith(RIGHT, pos), False

    def _comment(self) -> bool:
        """Skips `{{/* ... */}}`."""
        begin = self.pos + len(LEFT)
        if self._trims_left(begin):
            begin += _TRIM_WIDTH
        if not self.text.startswith(_LEFT_COMMENT, begin):
            return False
        end = self.text.find(_RIGHT_COMMENT, begin + len(_LEFT_COMMENT))
        if end < 0:
            raise _Fault("unclosed comment")
        end += len(_RIGHT_COMMENT)
        closed, trims = self._right_delim(end)
        if not closed:
            raise _Fault("comment ends before closing delimiter")
        self._close(end, trims)
        return True

    def _close(self, pos: int, trims: bool) -> None:
        """Moves behind the right delimiter at `pos`."""
        end = pos + (_TRIM_WIDTH if trims else 0) + len(RIGHT)
        if trims and (space := _SPACE.match(self.text, end)):
            end = space.end()
        self._advance(end)

    def _action(self) -> Iterator[Token]:
        left = self.pos
        yield Token(Kind.LEFT_DELIM, left, self.line, LEFT)
        self._advance(left + len(LEFT) + (_TRIM_WIDTH if self._trims_left(left + len(LEFT)) else 0))
        self.depth = 0
        while True:
            closed, trims = self._right_delim(self.pos)
            if closed:
                if self.depth:
                    raise _Fault("unclosed left paren")
                yield Token(Kind.RIGHT_DELIM, self.pos, self.line, RIGHT)
                self._close(self.pos, trims)
                return
            kind, end = self._inside()
            yield Token(kind, self.pos, self.line, self.text[self.pos : end])
            self._advance(end)

    def _inside(self) -> tuple[Kind, int]:
        """Kind and end of the token at `pos`, inside an action."""
        text, pos = self.text, self.pos
        if pos >= len(text):
            raise _Fault("unclosed action")
        first = text[pos]
        if first in _SPACES:
            return Kind.SPACE, self._space_end(pos)
        if first in _SINGLE:
            return _SINGLE[first], pos + 1
        if first in "()":
            return self._paren(first)
        if first == ":":
            if not text.startswith("=", pos + 1):
                raise _Fault("expected :=")
            return Kind.DECLARE, pos + 2
        if first in "\"'`":
            return self._quoted(first)
        if first == "$":
            return Kind.VARIABLE, self._word_end(pos + 1)
        if first == "." and text[pos + 1 : pos + 2] not in tuple("0123456789"):
            return self._field(pos)
        if first in ".+-" or "0" <= first <= "9":
            return self._number(pos)
        if _is_word(first):
            return self._word(pos)
        if first.isascii() and first.isprintable():
            return Kind.CHAR, pos + 1
        raise _Fault(f"unrecognized character in action: {_described(first)}")

    def _space_end(self, pos: int) -> int:
        match = _SPACE.match(self.text, pos)
        assert match is not None
        # The last blank of ` -}}` belongs to the delimiter.
        end = match.end()
        return end - 1 if end - 1 > pos and self._right_delim(end - 1)[1] else end

    def _paren(self, first: str) -> tuple[Kind, int]:
        if first == "(":
            self.depth += 1
            return Kind.LEFT_PAREN, self.pos + 1
        self.depth -= 1
        if self.depth < 0:
            raise _Fault("unexpected right paren")
        return Kind.RIGHT_PAREN, self.pos + 1

    def _quoted(self, first: str) -> tuple[Kind, int]:
        if first == "`":
            end = self.text.find("`", self.pos + 1)
            if end < 0:
                raise _Fault("unterminated raw quoted string")
            return Kind.RAW_STRING, end + 1
        match = (_QUOTED if first == '"' else _CHARACTER).match(self.text, self.pos)
        if match is None:
            raise _Fault("unterminated quoted string" if first == '"' else "unterminated character constant")
        return Kind.STRING if first == '"' else Kind.CHARACTER, match.end()

    def _field(self, pos: int) -> tuple[Kind, int]:
        if self._terminates(pos + 1):
            return Kind.DOT, pos + 1
        return Kind.FIELD, self._word_end(pos + 1)

    def _word(self, pos: int) -> tuple[Kind, int]:
        end = self._word_end(pos)
        word = self.text[pos:end]
        if word in KEYWORDS:
            return Kind.KEYWORD, end
        if word == "nil":
            return Kind.NIL, end
        return Kind.BOOL if word in ("true", "false") else Kind.IDENTIFIER, end

    def _word_end(self, pos: int) -> int:
        match = _WORD.match(self.text, pos)
        assert match is not None
        end = match.end()
        # `\w` also takes numerals such as `²`, which are no part of a name.
        end = next((at for at in range(pos, end) if not _is_word(self.text[at])), end)
        if not self._terminates(end):
            raise _Fault(f"bad character {_described(self.text[end])}")
        return end

    def _terminates(self, pos: int) -> bool:
        return pos >= len(self.text) or self.text[pos] in _SPACES + ".,|:)(" or self.text.startswith(RIGHT, pos)

    def _number(self, pos: int) -> tuple[Kind, int]:
        end = self._number_end(pos)
        if self.text[end : end + 1] in ("+", "-"):
            end = self._number_end(end)
            if self.text[end - 1] != "i":
                raise _Fault(f"bad number syntax: {quote(self.text[pos:end])}")
            return Kind.COMPLEX, end
        return Kind.NUMBER, end

    def _number_end(self, pos: int) -> int:
        match = _NUMBER.match(self.text, pos)
        assert match is not None
        end = match.end()
        if end < len(self.text) and _is_word(self.text[end]):
            raise _Fault(f"bad number syntax: {quote(self.text[self.pos : end + 1])}")
        return end


def _is_word(character: str) -> bool:
    return character == "_" or character.isalpha() or character.isdecimal()


def _described(character: str) -> str:
    """As Go's `%#U` writes a character."""
    code = ord(character)
    shown = f" '{character}'" if character.isprintable() else ""
    return f"U+{code:04X}{shown}"
