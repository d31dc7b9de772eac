r"""OpenMetrics 1.0 in text: bytes of a page → Exposition.

    # TYPE http_requests counter
    # UNIT http_requests requests
    http_requests_total{code="200"} 1027 1395066363.123 # {trace_id="0af7"} 1 1395066363.1
    http_requests_created{code="200"} 1395066360
    # EOF

A sample `_created` is no series: it says since when the others of its metric count. The common lines are cut at their last blank, as in the old
format. Format: https://prometheus.io/docs/specs/om/open_metrics_spec/
"""

from __future__ import annotations

import re

import numpy as np

from lgtm.wire.bounds import MalformedBody
from lgtm.wire.exposition import I64, NO_TIME, Exposition, ScrapedExemplar
from lgtm.wire.exposition_families import Families, Family
from lgtm.wire.exposition_numbers import parse_value, parse_values
from lgtm.wire.exposition_series import METRIC_NAME, parse_family_name, parse_label_set, parse_series, shown, unescape
from lgtm.wire.exposition_text import SERIES_PATTERN, sparse_times

_EOF = b"# EOF"
_EXEMPLAR_MARK = b" # {"
_CREATED = "_created"
_WITH_CREATED = ("counter", "histogram", "summary")
_WITH_EXEMPLARS = ("_total", "_bucket")
_SAMPLE = re.compile(rb"(" + SERIES_PATTERN + rb") *+([^ ]++)(?: ++([^ #][^ ]*+))?+(?: ++# ++(\{.*))?+ *+", re.DOTALL)
_EXEMPLAR = re.compile(rb'(\{(?:[^"}]++|"(?:[^"\\]++|\\.)*+")*+\}) *+([^ ]++)(?: ++([^ ]++))?+ *+', re.DOTALL)
_COMMENT = re.compile(rb"# (HELP|TYPE|UNIT) ")
_TYPES = {name.encode() for name in ("counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset", "unknown")}
_BOUND = re.compile(rb'(?<=[{,])[ ]*+(?:le|quantile)="[^"]*+"[ ]*+,?')
_QUOTED_NAME = re.compile(rb'^ *+"(?:[^"\\]++|\\.)*+" *+,?', re.DOTALL)
_MS_PER_S = 1_000
_SECONDS_MAX = 2.0**43
"""Later times are refused, like NaN: their milliseconds would not be exact."""


def decode_openmetrics(data: bytes) -> Exposition:
    """Pure, and free to run in any thread. Raises MalformedBody for a page that is wrong in any line or does not end with `# EOF`.

    Lines that are cut at their last blank are wrong in their series only when `labels_of` says so.
    """
    page = _Page()
    keys, texts = page.keys, page.texts
    for line in _lines(data):
        key, _, text = line.rpartition(b" ")
        if key[-1:] != b"}" or key[0] == 0x23 or not text or _EXEMPLAR_MARK in key:
            page.add(line)
        elif b"_created" not in key or not page.take_created(key, text):
            keys.append(key)
            texts.append(text)
    return page.exposition()


def _lines(data: bytes) -> list[bytes]:
    lines = data.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    if _EOF in lines[:-1]:
        raise MalformedBody("unexpected data after # EOF")
    if not lines or lines.pop() != _EOF:
        raise MalformedBody("data does not end with # EOF")
    return lines


class _Page:
    def __init__(self) -> None:
        self.keys: list[bytes] = []
        self.texts: list[bytes] = []
        self._times: dict[int, int] = {}
        self._families = Families()
        self._exemplars: list[ScrapedExemplar] = []
        self._created: dict[str, dict[bytes, bytes]] = {}

    def add(self, line: bytes) -> None:
        """A line that is not of the common form."""
        if line[:1] == b"#":
            self._add_comment(line)
        else:
            self._add_sample(line)

    def _add_sample(self, line: bytes) -> None:
        match = _SAMPLE.fullmatch(line)
        if match is None or not match[1]:
            raise MalformedBody(f"expected a valid start token, got {shown(line[:1] or bytes([10]))} while parsing: {shown(line)}")
        key, value, time, exemplar = match.groups()
        if b"_created" in key and time is None and exemplar is None and self.take_created(key, value):
            return
        row = len(self.keys)
        if time is not None:
            self._times[row] = _milliseconds(time)
        if exemplar is not None:
            self._add_exemplar(row, key, exemplar)
        self.keys.append(key)
        self.texts.append(value)

    def take_created(self, key: bytes, text: bytes) -> bool:
        """Whether this is no series, but since when those of its family with these labels count; then it is remembered."""
        family = self._families.at(len(self.keys))
        if family is None or family.type not in _WITH_CREATED or _name_of(key) != family.name + _CREATED:
            return False
        self._created.setdefault(family.name, {})[_group(key, family.type)] = text
        return True

    def _add_exemplar(self, row: int, key: bytes, text: bytes) -> None:
        match = _EXEMPLAR.fullmatch(text)
        if match is None:
            raise MalformedBody(f"expected value after exemplar labels while parsing: {shown(text)}")
        if not (name := _name_of(key)).endswith(_WITH_EXEMPLARS):
            raise MalformedBody(f"metric name {name} does not support exemplars")
        time = None if match[3] is None else _milliseconds(match[3])
        self._exemplars.append(ScrapedExemplar(row, parse_label_set(match[1]), parse_value(match[2]), time))

    def _add_comment(self, line: bytes) -> None:
        comment = _COMMENT.match(line)
        if comment is None:
            raise MalformedBody(f"expected a valid start token, got {shown(line[:1])} while parsing: {shown(line)}")
        name, rest = parse_family_name(line[comment.end() :])
        family = self._families.of(name)
        match comment[1]:
            case b"HELP":
                family.help = unescape(rest)
            case b"TYPE":
                self._type(family, rest)
            case _:
                family.unit = unescape(rest)
                if family.unit and not name.endswith(f"_{family.unit}"):
                    raise MalformedBody(f'unit "{family.unit}" not a suffix of metric "{name}"')

    def _type(self, family: Family, text: bytes) -> None:
        if text not in _TYPES:
            raise MalformedBody(f"invalid metric type {shown(text)}")
        family.type = text.decode()
        self._families.begin(family, len(self.keys))

    def exposition(self) -> Exposition:
        keys, families = self.keys, self._families
        return Exposition(
            keys=keys,
            values=parse_values(self.texts),
            labels_of=lambda row: parse_series(keys[row], families.type_at(row)),
            ts_ms=sparse_times(self._times, len(keys)),
            start_ms=self._starts(),
            exemplars=self._exemplars,
            metadata=families.metadata(),
        )

    def _starts(self) -> I64 | None:
        """What the `_created` samples say, in the rows of the same family whose labels have the same text but for the bound."""
        if not self._created:
            return None
        column = np.full(len(self.keys), NO_TIME, np.int64)
        for family, start, end in self._families.runs(len(self.keys)):
            if created := self._created.get(family.name):
                starts_ms = dict(zip(created, _all_milliseconds(list(created.values())), strict=True))
                column[start:end] = [starts_ms.get(_group(key, family.type), NO_TIME) for key in self.keys[start:end]]
        return column


def _name_of(key: bytes) -> str:
    bare, brace, _ = key.partition(b"{")
    return bare.strip(b" ").decode("utf-8", "replace") if bare or not brace else dict(parse_series(key)).get(METRIC_NAME, "")


def _group(key: bytes, family_type: str) -> bytes:
    """The text of the labels without name and bound, by which the samples of one metric are told."""
    bare, _, labels = key.partition(b"{")
    if not bare:
        labels = _QUOTED_NAME.sub(b"", labels)
    if family_type != "counter":
        labels = _BOUND.sub(b"", b"{" + labels)[1:]
    return labels.rstrip(b"} ").rstrip(b", ")


def _all_milliseconds(texts: list[bytes]) -> list[int]:
    seconds = parse_values(texts)
    if not (np.abs(seconds) <= _SECONDS_MAX).all():
        return [_milliseconds(text) for text in texts]
    ms: list[int] = (seconds * _MS_PER_S).astype(np.int64).tolist()
    return ms


def _milliseconds(text: bytes) -> int:
    seconds = parse_value(text)
    if not abs(seconds) <= _SECONDS_MAX:
        raise MalformedBody(f"invalid timestamp {text.decode()}")
    return int(seconds * _MS_PER_S)
