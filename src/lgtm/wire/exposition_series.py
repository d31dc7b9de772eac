"""The text of one series on a scraped page: `name{label="value",…}`, or `{"a name", "a label"="value"}` for names that are not of the old kind.

Both text formats write it alike. Words of errors follow Prometheus' parser (Apache-2.0, model/textparse).
"""

from __future__ import annotations

import re

from lgtm.model.labels import quote
from lgtm.wire.bounds import MalformedBody
from lgtm.wire.exposition_numbers import normal_float

METRIC_NAME = "__name__"
Pairs = tuple[tuple[str, str], ...]

_NAME = re.compile(rb"[ \t]*+([a-zA-Z_:][a-zA-Z0-9_:]*+)?+[ \t]*+(\{)?+[ \t]*+")
_PAIR = re.compile(
    rb'(?:([a-zA-Z_][a-zA-Z0-9_]*+)|"((?:[^"\\]++|\\.)*+)")[ \t]*+(=[ \t]*+"((?:[^"\\]++|\\.)*+)"[ \t]*+)?+(?:,[ \t]*+|(?=\}))', re.DOTALL
)
_CLOSE = re.compile(rb"\}[ \t]*+")
_BLANKS = re.compile(rb"[ \t]*+")
_QUOTED_NAME = re.compile(rb'"((?:[^"\\]++|\\.)*+)"', re.DOTALL)
_ESCAPE = re.compile(rb'\\([\\"n])')
_HELP_ESCAPE = re.compile(rb"\\([\\n])")
_ESCAPED = {b"\\": b"\\", b'"': b'"', b"n": b"\n"}

NORMAL_LABEL = {"histogram": "le", "gaugehistogram": "le", "summary": "quantile"}
"""Type of a family → the label whose value is a number, which is brought to one spelling."""


def parse_series(text: bytes, family_type: str = "") -> Pairs:
    """Labels in the order of the text, the name as `__name__` first and duplicates kept. Raises MalformedBody.

    family_type: of the family, since a bound `le="1"` of a histogram is the label `le="1.0"`.
    """
    head = _NAME.match(text)
    assert head is not None  # everything in it is optional
    name = head[1] and head[1].decode()
    pairs: list[tuple[str, str]] = []
    position = head.end()
    if head[2]:
        quoted, position = _read_pairs(text, position, pairs)
        if name and quoted is not None:
            raise MalformedBody(f"metric name already set while parsing: {shown(text)}")
        name = quoted if quoted is not None else name
    if position != len(text) or (not head[1] and not head[2]):
        raise MalformedBody(f"expected value after metric, got {shown(text[position : position + 1])} while parsing: {shown(text)}")
    normal = NORMAL_LABEL.get(family_type)
    if normal:
        pairs = [(label, normal_float(value) if label == normal else value) for label, value in pairs]
    return ((METRIC_NAME, name), *pairs) if name else tuple(pairs)


def parse_label_set(text: bytes) -> Pairs:
    """The labels of an exemplar, from brace to brace. Raises MalformedBody."""
    pairs: list[tuple[str, str]] = []
    quoted, position = _read_pairs(text, 1, pairs)
    if quoted is not None or position != len(text):
        raise MalformedBody(f"expected label name while parsing: {shown(text)}")
    return tuple(pairs)


def parse_family_name(text: bytes) -> tuple[str, bytes]:
    """The name at the start of what a comment says, quoted or not, and what follows it. Raises MalformedBody."""
    text = text.lstrip(b" \t")
    if quoted := _QUOTED_NAME.match(text):
        return unescape(quoted[1]), text[quoted.end() :].lstrip(b" \t")
    name, _, rest = text.replace(b"\t", b" ", 1).partition(b" ") if b" " not in text.split(b"\t", 1)[0] else text.partition(b" ")
    if not name:
        raise MalformedBody(f"expected metric name while parsing: {shown(text)}")
    return decode_utf8(name), rest.lstrip(b" \t")


def unescape(raw: bytes) -> str:
    r"""Of a label value: `\\`, `\"` and `\n`; other backslashes are themselves. Raises MalformedBody for what is no UTF-8."""
    return decode_utf8(_ESCAPE.sub(lambda match: _ESCAPED[match[1]], raw) if b"\\" in raw else raw)


def unescape_help(raw: bytes) -> str:
    r"""Of a help text in the old format: `\\` and `\n`."""
    return decode_utf8(_HELP_ESCAPE.sub(lambda match: _ESCAPED[match[1]], raw) if b"\\" in raw else raw)


def decode_utf8(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise MalformedBody(f"invalid UTF-8 label value: {shown(raw)}") from None


def shown(text: bytes) -> str:
    """A piece of a page for an error."""
    return quote(text[:128].decode("utf-8", "surrogateescape"))


def _read_pairs(text: bytes, position: int, pairs: list[tuple[str, str]]) -> tuple[str | None, int]:
    """Adds what stands from `position` to the closing brace. Returns a metric name among it, and where the text goes on."""
    skipped = _BLANKS.match(text, position)
    assert skipped is not None
    position, name = skipped.end(), None
    while (close := _CLOSE.match(text, position)) is None:
        pair = _PAIR.match(text, position)
        if pair is None:
            raise MalformedBody(f"expected label name, got {shown(text[position : position + 1])} while parsing: {shown(text)}")
        label = pair[1].decode() if pair[1] is not None else unescape(pair[2])
        if pair[3] is not None:
            pairs.append((label, unescape(pair[4])))
        elif pair[1] is None and name is None:
            name = label
        else:
            raise MalformedBody(f"expected equal while parsing: {shown(text)}")
        position = pair.end()
    return name, close.end()
