"""One line of logfmt, byte for byte as the go-logfmt decoder reads it.

pair = key [ "=" [ value ] ]      key, value: no blank, no control character, neither " nor =      value may be quoted, with JSON escapes
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lgtm.logql.escapes import UNESCAPED, unescape
from lgtm.logql.line_labels import LineError, LineLabels
from lgtm.logql.values import sanitize_name

_GAP = re.compile(r"[\x00-\x20]*")
_TOKEN = re.compile(r"[^\x00-\x20=\"]*")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_WORD = re.compile(r"[^\x00-\x20]*")


def read_logfmt(line: str, labels: LineLabels, *, strict: bool, keep_empty: bool) -> None:
    """Every pair as a label. strict: raises LineError at the first pair that is none; otherwise such a pair is skipped."""
    for key, value in pairs(line, strict=strict):
        if (value or keep_empty) and (name := sanitize_name(key)) and labels.add(name, value):
            return


def read_logfmt_keys(line: str, labels: LineLabels, keys: dict[str, str], *, strict: bool, keep_empty: bool) -> None:
    """keys: key in the line → name of the label; labels that are found nowhere are empty."""
    try:
        for key, value in pairs(line, strict=strict):
            name = keys.get(sanitize_name(key))
            if name is not None and (value or keep_empty):
                labels.add(name, value)
    finally:
        for name in keys.values():
            labels.fill(name)


def pairs(line: str, *, strict: bool) -> Iterator[tuple[str, str]]:
    position = 0
    while (position := _end(_GAP, line, position)) < len(line):
        try:
            key, value, position = _pair(line, position)
        except _SyntaxError as error:
            if strict:
                byte = len(line[: error.position].encode("utf-8", "surrogatepass")) + 1
                raise LineError(f"logfmt syntax error at pos {byte} : {error.reason}") from None
            position = _end(_WORD, line, error.position)
            continue
        yield key, value


class _SyntaxError(Exception):
    def __init__(self, position: int, reason: str) -> None:
        self.position, self.reason = position, reason


def _pair(line: str, start: int) -> tuple[str, str, int]:
    end = _end(_TOKEN, line, start)
    key, follows = line[start:end], line[end : end + 1]
    if follows == '"' or (follows == "=" and not key):
        raise _SyntaxError(end, f"unexpected '{follows}'")
    if "\ufffd" in key:
        raise _SyntaxError(end, "invalid key")
    if follows != "=":
        return key, "", end
    if line[end + 1 : end + 2] == '"':
        return key, *_quoted(line, end + 1)
    start, end = end + 1, _end(_TOKEN, line, end + 1)
    if line[end : end + 1] in ('"', "="):
        raise _SyntaxError(end, f"unexpected '{line[end]}'")
    return key, line[start:end], end


def _quoted(line: str, start: int) -> tuple[str, int]:
    match = _QUOTED.match(line, start)
    if match is None:
        raise _SyntaxError(len(line), "unterminated quoted value")
    raw = match[1]
    if "\\" not in raw:
        return raw, match.end()
    value = unescape(raw, UNESCAPED | {"'": "'"}, lone_surrogates="\ufffd")
    if value is None or min(raw) < " ":
        raise _SyntaxError(match.end(), "invalid quoted value")
    return value, match.end()


def _end(pattern: re.Pattern[str], line: str, start: int) -> int:
    match = pattern.match(line, start)
    assert match is not None
    return match.end()
