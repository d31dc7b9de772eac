"""Levels of a whole column of lines, by RE2 kernels; the few lines that these cannot decide are read one by one in `levels.py`.

Each step decides what it can prove and hands the rest on:

    1  the level field comes first (`level=info …`, `{"level":"info",…`)         one cheap pattern, which decides most structured logs
    2  JSON, or logfmt, with a well-formed stretch up to the leftmost candidate    the *candidate* is found without looking at what precedes it;
                                                                                  the *stretch* pattern then proves that it is a real field
    3  everything else that looks like it has a level field                        exact reading, line by line
    4  no level field, or none that names a level                                  first level word of the text

A kernel compiles its pattern at each call (about 0.1 ms for the long ones), so a handful of lines is read one by one at once.
CPU seconds for a million lines of 212 bytes: 0.3 for a mix of logfmt and JSON with the level first and access logs; 1.0 where a time or other
fields come first; about 2 to 6 line by line.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lgtm.distributor.levels import (
    BLANKS,
    CODES,
    LOGFMT_KEY,
    SCALAR,
    SPACE,
    SPELLINGS,
    STRING,
    WORD_PATTERN,
    LevelFields,
    field_value,
    line_level,
)

ROWS_FOR_KERNELS_MIN = 96
"""Fewer lines are read one by one: the kernels' fixed cost is that of about so many."""

UNDECIDED = -1
_NO_LEVEL = -2
"""The line has no level field, or one whose value names no level: its words decide."""

Codes = npt.NDArray[np.int8]
Mask = npt.NDArray[np.bool_]

_CODES_BY_SPELLING = {spelling: CODES[level] for spelling, level in SPELLINGS.items()}
_SPACE_BYTES = np.frombuffer(SPACE.encode(), np.uint8)
_BRACE, _CLOSING_BRACE = b"{}"


def line_levels(lines: pa.Array, fields: LevelFields) -> Codes:
    """For each line the position of its level in `levels.LEVELS`. lines: strings without nulls."""
    if len(lines) < ROWS_FOR_KERNELS_MIN:
        return np.array([CODES[line_level(line, fields)] for line in lines.to_pylist()], np.int8)
    patterns = _patterns(fields)
    first, last = _first_and_last_bytes(lines)
    codes = _leading_field(lines, fields, patterns, last == _CLOSING_BRACE)
    rest = np.flatnonzero(codes == UNDECIDED)
    if len(rest):
        codes[rest] = _other_lines(lines.take(pa.array(rest)), first[rest], last[rest], fields, patterns)
    return codes


@dataclass(slots=True, frozen=True)
class _Patterns:
    leading_field: str
    json_candidate: str
    json_stretch: str
    logfmt_candidate: str
    logfmt_stretch: str


@functools.cache
def _patterns(fields: LevelFields) -> _Patterns:
    keys = "|".join(map(re.escape, fields.names)) or r"[^\x00-\x{10ffff}]"
    first = re.escape(fields.names[0]) if fields.names else keys
    pair = rf"{STRING}{BLANKS}:{BLANKS}{SCALAR}|{STRING}{BLANKS}:{BLANKS}{STRING}"
    flat = rf"{BLANKS}(?:(?:{pair}){BLANKS}(?:,{BLANKS}(?:{pair}){BLANKS})*)?"
    values = rf"{BLANKS}(?:(?:{SCALAR}|{STRING}){BLANKS}(?:,{BLANKS}(?:{SCALAR}|{STRING}){BLANKS})*)?"
    nested = rf"|{STRING}{BLANKS}:{BLANKS}\{{{flat}\}}" if fields.json_depth_max != 1 else ""
    descent = rf"(?:{STRING}{BLANKS}:{BLANKS}\{{{BLANKS}(?:(?:{pair}){BLANKS},{BLANKS})*)?" if fields.json_depth_max != 1 else ""
    members = rf"(?:(?:{pair}{nested}|{STRING}{BLANKS}:{BLANKS}\[{values}\]){BLANKS},{BLANKS})*"
    # Quoted values without `=` cannot hold what looks like a field, so in a stretch of these the leftmost candidate is a real field.
    pairs = rf'(?:{LOGFMT_KEY}[\x00-\x20]+|{LOGFMT_KEY}=(?:{LOGFMT_KEY})?[\x00-\x20]+|{LOGFMT_KEY}="(?:[^"\\=]|\\[^=])*"[\x00-\x20]*)*'
    return _Patterns(
        # Only ASCII letters inside the capture: RE2 then takes its one-pass matcher, a third of the cost.
        leading_field=rf'^(?P<field>(?i:{first})="?[a-zA-Z]*"?[^\x00-\x20]?|\{{"(?:{keys})":"[a-zA-Z]*")',
        json_candidate=rf'[{{,]{BLANKS}"(?:{keys})"{BLANKS}:{BLANKS}(?P<field>"[a-zA-Z]*"?)',
        json_stretch=rf'^{BLANKS}\{{{BLANKS}{members}{descent}"(?:{keys})"{BLANKS}:{BLANKS}{STRING}',
        logfmt_candidate=rf'(?:^|[\x00-\x20"])(?P<field>(?i:{keys})="?[a-zA-Z]*"?[^\x00-\x20]?)',
        logfmt_stretch=rf"^[\x00-\x20]*{pairs}(?i:{keys})=",
    )


def _leading_field(lines: pa.Array, fields: LevelFields, patterns: _Patterns, closed: Mask) -> Codes:
    """closed: lines that end with `}`, without which a line is no JSON."""
    codes, texts = _captured(lines, patterns.leading_field)
    found = np.full(len(texts) + 1, UNDECIDED, np.int8)
    is_json = np.zeros(len(texts) + 1, np.bool_)
    for number, text in enumerate(texts):
        is_json[number] = text.startswith("{")
        value = text[:-1].rpartition('"')[2] if is_json[number] else _logfmt_capture(text, fields)[1]
        found[number] = _CODES_BY_SPELLING.get((value or "").lower(), UNDECIDED)
    return np.where(is_json[codes] & ~closed, UNDECIDED, found[codes]).astype(np.int8)


def _other_lines(lines: pa.Array, first: npt.NDArray[np.uint8], last: npt.NDArray[np.uint8], fields: LevelFields, patterns: _Patterns) -> Codes:
    is_json = (first == _BRACE) & (last == _CLOSING_BRACE)
    padded = np.isin(first, _SPACE_BYTES) | np.isin(last, _SPACE_BYTES)
    if padded.any():
        trimmed = _first_and_last_bytes(pc.ascii_trim(lines.filter(pa.array(padded)), characters=SPACE))
        is_json[padded] = (trimmed[0] == _BRACE) & (trimmed[1] == _CLOSING_BRACE)
    codes = np.full(len(lines), _NO_LEVEL, np.int8)
    if is_json.any():
        codes[is_json] = _json_fields(lines.filter(pa.array(is_json)), patterns)
    logfmt = ~is_json
    logfmt[logfmt] = _mask(pc.match_substring_regex(lines.filter(pa.array(logfmt)), "="))
    if logfmt.any():
        codes[logfmt] = _logfmt_fields(lines.filter(pa.array(logfmt)), fields, patterns)
    for row in np.flatnonzero(codes == UNDECIDED).tolist():
        codes[row] = _CODES_BY_SPELLING.get(field_value(lines[row].as_py(), fields).lower(), _NO_LEVEL)
    wordy = np.flatnonzero(codes == _NO_LEVEL)
    if len(wordy):
        codes[wordy] = _words(lines.take(pa.array(wordy)))
    return codes


def _json_fields(lines: pa.Array, patterns: _Patterns) -> Codes:
    candidates, texts = _captured(lines, patterns.json_candidate)
    found = np.array([_level_or_words(t[1:-1] if len(t) > 1 and t.endswith('"') else "") for t in texts] + [_NO_LEVEL], np.int8)[candidates]
    if not (candidates >= 0).any():
        return found
    proven = _mask(pc.match_substring_regex(lines, patterns.json_stretch))
    return np.where(proven | (candidates < 0), found, UNDECIDED).astype(np.int8)


def _logfmt_fields(lines: pa.Array, fields: LevelFields, patterns: _Patterns) -> Codes:
    candidates, texts = _captured(lines, patterns.logfmt_candidate)
    if not (candidates >= 0).any():
        return np.full(len(lines), _NO_LEVEL, np.int8)
    found = np.full(len(texts) + 1, _NO_LEVEL, np.int8)
    best = np.zeros(len(texts) + 1, np.bool_)
    for number, text in enumerate(texts):
        rank, value = _logfmt_capture(text, fields)
        found[number] = UNDECIDED if value is None else _level_or_words(value)
        best[number] = rank == 0
    # A name that is not the first choice may yet be beaten further on: it decides only where it is alone.
    proven = _mask(pc.match_substring_regex(lines, patterns.logfmt_stretch))
    unsure = np.flatnonzero(proven & ~best[candidates] & (candidates >= 0))
    if len(unsure):
        count = pc.count_substring_regex(lines.take(pa.array(unsure)), patterns.logfmt_candidate.replace("?P<field>", "?:"))
        proven[unsure] = count.to_numpy() == 1
    return np.where(proven | (candidates < 0), found[candidates], UNDECIDED).astype(np.int8)


def _words(lines: pa.Array) -> Codes:
    codes, texts = _captured(lines, WORD_PATTERN)
    return np.array([_CODES_BY_SPELLING[text.lower()] for text in texts] + [0], np.int8)[codes]


def _captured(lines: pa.Array, pattern: str) -> tuple[npt.NDArray[np.int32], list[str]]:
    """The only group of the pattern: for each line a position in the list of distinct captures, -1 where the pattern does not match."""
    captured = pc.extract_regex(lines, pattern).flatten()[0].dictionary_encode()
    return captured.indices.fill_null(-1).to_numpy(zero_copy_only=False), captured.dictionary.to_pylist()


def _logfmt_capture(text: str, fields: LevelFields) -> tuple[int | None, str | None]:
    """Rank of the name and the letters of the value in `level=info` or `level="info"`; None for a value that takes a closer look."""
    name, _, value = text.partition("=")
    rank = fields.ranks.get(name.lower())  # None for `ſeverity`, which RE2 takes for severity where case does not matter
    inner = value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
    return rank, inner if rank is not None and (not inner or (inner.isascii() and inner.isalpha())) else None


def _level_or_words(value: str) -> int:
    return _CODES_BY_SPELLING.get(value.lower(), _NO_LEVEL)


def _mask(array: pa.Array) -> Mask:
    return array.to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]


def _first_and_last_bytes(lines: pa.Array) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """0 for empty lines."""
    _, offsets_buffer, data_buffer = lines.buffers()
    first, last = np.zeros(len(lines), np.uint8), np.zeros(len(lines), np.uint8)
    if data_buffer is None or not len(lines):
        return first, last
    data = np.frombuffer(data_buffer, np.uint8)
    offsets = np.frombuffer(offsets_buffer, np.int32)[lines.offset : lines.offset + len(lines) + 1]
    filled = offsets[1:] > offsets[:-1]
    first[filled] = data[offsets[:-1][filled]]
    last[filled] = data[offsets[1:][filled] - 1]
    return first, last
