"""Lines as programs write them, and as they should not: JSON, logfmt and prose, whole, cut and mixed."""

from __future__ import annotations

import json

from hypothesis import strategies as st

NAMES = st.sampled_from(["level", "LEVEL", "Level", "lvl", "log.level", "severity", "SeverityText", "severity_text", "msg", "a", "x,y", "levels"])
VALUES = st.sampled_from(
    ["info", "INF", "warn", "Warning", "err", "critical", "notice", "", "x=1", "level=dbg", 'a "quoted" b', "{", "a b", "é", "7"]
)
WORDS = st.sampled_from(["info", "ERROR:", "[warn]", "error.", "x", "level", "=", "|trace|", "debug", '"', "{", "}", ",", ":", "\n", "ſeverity=err"])
SPACES = st.sampled_from([" ", "", "  ", "\t", "\n"])


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


_LOGFMT_VALUE = st.one_of(VALUES.filter(lambda v: " " not in v and '"' not in v), VALUES.map(_quoted), VALUES)
_PAIR = st.one_of(st.tuples(NAMES, _LOGFMT_VALUE).map("=".join), WORDS)
_LOGFMT = st.lists(st.tuples(_PAIR, SPACES).map("".join), max_size=6).map("".join)

_SCALARS = st.one_of(VALUES, st.integers(0, 30), st.booleans(), st.none())
_OBJECTS = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=6,
)
_SEPARATORS = st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", " :\t")])
_JSON = st.builds(
    lambda value, separators: json.dumps(value, ensure_ascii=False, separators=separators), st.dictionaries(NAMES, _OBJECTS, max_size=4), _SEPARATORS
)
_PADDED = st.tuples(SPACES, _JSON, SPACES).map("".join)
_TOKENS = st.lists(
    st.sampled_from(["{", "}", "[", "]", ",", ":", '"', '"level"', '"info"', '"err"', '"a"', "1", "\\", '\\"', " ", "level=warn", "lvl=dbg", "="]),
    max_size=12,
)
_BRACED = st.tuples(st.just("{"), _TOKENS.map("".join), st.just("}")).map("".join)


def _cut(line: str, at: int) -> str:
    at = at % (len(line) + 1)
    return line[:at] + line[at + 1 :]


_WHOLE = st.one_of(_LOGFMT, _JSON, _PADDED, _BRACED, _TOKENS.map("".join), st.lists(WORDS, max_size=5).map(" ".join))


def log_lines() -> st.SearchStrategy[str]:
    return st.one_of(_WHOLE, st.builds(_cut, _WHOLE, st.integers(0, 200)))
