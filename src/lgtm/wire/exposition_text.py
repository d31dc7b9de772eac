r"""Prometheus' text format, 0.0.4 and 1.0 (which differ in the names they allow): bytes of a page → Exposition.

    # HELP http_requests_total Requests.
    # TYPE http_requests_total counter
    http_requests_total{code="200"} 1027 1395066363000
    {"a.dotted.name", "a.label"="v"} 1e-3

Nearly all lines are `series value` with one blank between them. Such a line is cut at its last blank, and the series is only looked at when it is
new; that is right because a text which parses as a series up to that blank is the series. Format: https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

import re

import numpy as np

from lgtm.wire.bounds import MalformedBody
from lgtm.wire.exposition import I64, NO_TIME, Exposition
from lgtm.wire.exposition_families import Families
from lgtm.wire.exposition_numbers import parse_integer, parse_values
from lgtm.wire.exposition_series import parse_family_name, parse_series, shown, unescape_help

SERIES_PATTERN = rb'[^\s{"#]*+(?:[ \t]*+\{(?:[^"}]++|"(?:[^"\\]++|\\.)*+")*+\})?+'
_SAMPLE = re.compile(rb"[ \t]*+(" + SERIES_PATTERN + rb")[ \t]*+([^ \t]++)(?:[ \t]++([^ \t]++))?+[ \t]*+")
_COMMENT = re.compile(rb"#[ \t]*+(HELP|TYPE)[ \t]++")
_TYPES = {b"counter": "counter", b"gauge": "gauge", b"histogram": "histogram", b"summary": "summary", b"untyped": "unknown"}


def decode_text(data: bytes) -> Exposition:
    """Pure, and free to run in any thread. Raises MalformedBody for a page that is wrong in any line; then nothing of it counts.

    Lines that are cut at their last blank are wrong in their series only when `labels_of` says so.
    """
    page = _Page()
    keys, texts = page.keys, page.texts
    for line in data.split(b"\n"):
        key, _, text = line.rpartition(b" ")
        if key[-1:] == b"}" and key[0] not in b"# \t" and text and b"\t" not in text:
            keys.append(key)
            texts.append(text)
        elif line:
            page.add(line)
    return page.exposition()


class _Page:
    def __init__(self) -> None:
        self.keys: list[bytes] = []
        self.texts: list[bytes] = []
        self._times: dict[int, int] = {}
        self._families = Families()

    def add(self, line: bytes) -> None:
        """A line that is not of the common form."""
        key, _, text = line.rpartition(b" ")
        if key and text and b" " not in key and b"\t" not in line and b"{" not in key and line[0] not in b'#"':
            self.keys.append(key)
            self.texts.append(text)
            return
        line = line.strip(b" \t")
        if line[:1] == b"#":
            self._add_comment(line)
        elif line:
            self._add_sample(line)

    def _add_sample(self, line: bytes) -> None:
        match = _SAMPLE.fullmatch(line)
        if match is None or not match[1]:
            raise MalformedBody(f"expected value after metric while parsing: {shown(line)}")
        if match[3] is not None:
            self._times[len(self.keys)] = parse_integer(match[3])
        self.keys.append(match[1])
        self.texts.append(match[2])

    def _add_comment(self, line: bytes) -> None:
        comment = _COMMENT.match(line)
        if comment is None:
            return
        name, rest = parse_family_name(line[comment.end() :])
        family = self._families.of(name)
        if comment[1] == b"HELP":
            family.help = unescape_help(rest)
            return
        type_ = _TYPES.get(rest)
        if type_ is None:
            raise MalformedBody(f"invalid metric type {shown(rest)}")
        family.type = type_
        self._families.begin(family, len(self.keys))

    def exposition(self) -> Exposition:
        keys, families = self.keys, self._families
        return Exposition(
            keys=keys,
            values=parse_values(self.texts),
            labels_of=lambda row: parse_series(keys[row], families.type_at(row)),
            ts_ms=sparse_times(self._times, len(keys)),
            metadata=families.metadata(),
        )


def sparse_times(times_ms: dict[int, int], rows: int) -> I64 | None:
    """Times by row as a column, None when there are none."""
    if not times_ms:
        return None
    column = np.full(rows, NO_TIME, np.int64)
    column[list(times_ms)] = list(times_ms.values())
    return column
