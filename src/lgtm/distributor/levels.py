"""Levels of log lines: the vocabulary, and the exact reading of one line.

Rules are Loki's (`discover_log_levels`): a JSON line is searched depth-first for the first string under a level key; a line with `=` is read as
logfmt, where the order of the configured names decides; a value that is no known level falls through to the search for a level word.
`level_lines.py` does the same for whole columns and comes here for the lines that its kernels cannot decide.

Patterns here are constant (names come from the operator), and each reads its input once.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

UNKNOWN = "unknown"
LEVELS = (UNKNOWN, "trace", "debug", "info", "warn", "error", "critical", "fatal")
CODES = {level: code for code, level in enumerate(LEVELS)}

SPELLINGS = {
    **{level: level for level in LEVELS if level != UNKNOWN},
    "trc": "trace", "dbg": "debug", "inf": "info", "information": "info", "wrn": "warn", "warning": "warn", "err": "error",
}  # fmt: skip
"""Lower-cased value of a level field → level."""

WORDS = ("trace", "debug", "fatal", "critical", "error", "err", "warning", "warn", "info")
"""What is looked for in free text; the short spellings are not, they are words of other languages."""

SPACE = " \t\n\v\f\r"
WORD_PATTERN = r"""(?i)(?:^|[ \t\n\[({"'=|])(?P<value>""" + "|".join(WORDS) + r""")(?:$|[ \t\n\[({"'=|\])}:,!])"""
"""Takes a word bounded on both sides; a colon bounds it on the right only (`error: x`, but not `level:error`)."""

STRING = r'"[^"\\]*(?:\\[\s\S][^"\\]*)*"'
SCALAR = r'[^ \t\n\v\f\r"{}\[\],:]+'
BLANKS = r"[ \t\n\v\f\r]*"
LOGFMT_KEY = r'[^\x00-\x20="]+'

_WORD = re.compile(WORD_PATTERN.replace("$", r"\Z"), re.ASCII)
_MEMBER = re.compile(rf"{BLANKS}({STRING}){BLANKS}:{BLANKS}")
_SIMPLE = re.compile(rf"{STRING}|{SCALAR}")
_SEPARATOR = re.compile(rf"{BLANKS}([,}}])")
_BRACKET = re.compile(rf'{STRING}|[\[\]{{}}"]')
_PAIR = re.compile(rf'[\x00-\x20]*({LOGFMT_KEY})(?:=("(?:[^"\\]|\\[\s\S])*"|[^\x00-\x20="]*)(?:(?<=")|(?=[\x00-\x20]|\Z))|(?=[\x00-\x20]|\Z))')


@dataclass(slots=True, frozen=True)
class LevelFields:
    """Where a level is looked for: names in order of preference, and how many levels of JSON are searched (0: all)."""

    names: tuple[str, ...]
    json_depth_max: int
    ranks: dict[str, int] = field(init=False, repr=False, compare=False, default_factory=dict)
    """Lower-cased name → position of its first spelling, for logfmt."""

    def __post_init__(self) -> None:
        for rank, name in enumerate(self.names):
            self.ranks.setdefault(name.lower(), rank)


@functools.cache
def level_fields(names: tuple[str, ...], json_depth_max: int) -> LevelFields:
    return LevelFields(names, json_depth_max)


def normalise(value: str) -> str:
    """The level that a field's value spells; a value that is none stays as it is."""
    return SPELLINGS.get(value.lower(), value)


def severity_number_level(text: str) -> str:
    """The level of an OTLP severity number in decimal; text that is no number means info, as in Loki."""
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 18:
        return "info"
    number = int(text)
    if number == 0 or number > 24:
        return UNKNOWN
    return ("trace", "debug", "info", "warn", "error", "fatal")[max(0, number - 1) // 4]


def line_level(line: str, fields: LevelFields) -> str:
    """The level that a line tells of itself, `unknown` if none."""
    return SPELLINGS.get(field_value(line, fields).lower()) or word_level(line)


def field_value(line: str, fields: LevelFields) -> str:
    """The raw value of the line's level field, whether or not it is a level; empty if there is none."""
    if is_json(line):
        return json_value(line, fields)
    return logfmt_value(line, fields) if "=" in line else ""


def is_json(line: str) -> bool:
    return line.lstrip(SPACE)[:1] == "{" and line.rstrip(SPACE)[-1:] == "}"


def word_level(line: str) -> str:
    found = _WORD.search(line)
    return SPELLINGS[found["value"].lower()] if found else UNKNOWN


def json_value(line: str, fields: LevelFields) -> str:
    """Raw text of the first string under a level key, in the order of the document; reading ends where the document is malformed."""
    return next((value for key, value in _string_members(line, fields.json_depth_max) if key in fields.names), "")


def _string_members(line: str, depth_max: int) -> Iterator[tuple[str, str]]:
    """Raw (key, value) of the members that are strings, nested objects included down to depth_max (0: any), arrays left out."""
    at, depth = line.index("{") + 1, 1
    may_begin, after_comma = True, False
    while depth:
        member = _MEMBER.match(line, at) if may_begin else None
        if member is None:
            separator = _SEPARATOR.match(line, at)
            if separator is None or after_comma or (may_begin and separator[1] == ","):
                return
            at = separator.end()
            may_begin = after_comma = separator[1] == ","
            depth -= not after_comma
            continue
        at, after_comma = member.end(), False
        if line[at : at + 1] == "{" and (depth < depth_max or depth_max <= 0):
            at, depth = at + 1, depth + 1
            continue
        end = _end_of_value(line, at)
        if end is None:
            return
        if line[at] == '"':
            yield member[1][1:-1], line[at + 1 : end - 1]
        at, may_begin = end, False


def _end_of_value(line: str, at: int) -> int | None:
    """Behind the value that begins at `at`; None when it does not end."""
    if line[at : at + 1] not in ("{", "["):
        simple = _SIMPLE.match(line, at)
        return simple.end() if simple else None
    open_brackets = 0
    for bracket in _BRACKET.finditer(line, at):
        if bracket[0] in ("{", "["):
            open_brackets += 1
        elif bracket[0] in ("}", "]"):
            open_brackets -= 1
            if not open_brackets:
                return bracket.end()
        elif bracket[0] == '"':
            return None
    return None


def logfmt_value(line: str, fields: LevelFields) -> str:
    """Raw value of the best-ranked `name=`, the first one of equals; reading ends at the first pair that is malformed."""
    best, value = len(fields.names), ""
    pair = _PAIR.match(line)
    while pair is not None and best:
        rank = fields.ranks.get(pair[1].lower(), best)
        if rank < best and pair[2] is not None:
            best, value = rank, pair[2]
        pair = _PAIR.match(line, pair.end())
    return value[1:-1] if value[:1] == '"' else value
