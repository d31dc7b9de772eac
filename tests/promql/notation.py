"""How the evaluation scripts write samples: `1+2x3`, `_x4`, `stale`, `{{schema:0 count:3 buckets:[1 2]}}`; and series and durations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from lgtm.model.labels import Labels, labels_of
from lgtm.parsing.durations import parse_duration
from lgtm.promql.histogram import Buckets, Histogram, ResetHint
from lgtm.promql.strings import unquote_keeping_bytes


class Stale:
    """The marker that ends a series."""


STALE = Stale()
Value = float | Histogram | Stale
Item = Value | None
"""None where the script leaves a sample out."""


@dataclass(slots=True, frozen=True)
class Sample:
    """start_ms: when the counter started; 0 when the script does not say."""

    ts_ms: int
    value: Value
    start_ms: int = 0


_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_PAIR = re.compile(
    r"""\s*(?:("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)|([a-zA-Z_][a-zA-Z0-9_]*))\s*(?:=\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`))?\s*,?"""
)
_FLOAT = r"(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|inf|nan)"
_NUMBERS = re.compile(rf"([+-]?{_FLOAT})(?:([+-]{_FLOAT})?x(\d+))?(?=\s|$)", re.IGNORECASE)
_OMITTED = re.compile(r"_(?:x(\d+))?(?=\s|$)")
_STALE = re.compile(r"stale(?:x(\d+))?(?=\s|$)", re.IGNORECASE)
_HISTOGRAMS = re.compile(r"\{\{(.*?)\}\}(?:([+-])\{\{(.*?)\}\})?(?:x(\d+))?(?=\s|$)")
_FIELD = re.compile(r"([a-z_]+):(\[[^\]]*\]|\S+)")
_START = re.compile(r"([+-]?\d+(?:ms|[ywdhms])?)(?:([+-]\d+(?:ms|[ywdhms])?)?x(\d+))?$")


def duration_ms(text: str) -> int:
    """With a sign, and also as bare seconds."""
    sign, body = (-1, text[1:]) if text[0] == "-" else (1, text.removeprefix("+"))
    try:
        return sign * (parse_duration(body) // 1_000_000)
    except ValueError:
        return sign * round(float(body) * 1_000)


def series(line: str) -> tuple[Labels, str]:
    """The labels at the beginning of a line, and the rest of it."""
    labels: dict[str, str] = {}
    at = 0
    if match := _NAME.match(line):
        labels["__name__"], at = match[0], match.end()
    if line[at : at + 1] == "{":
        at += 1
        while line[at:].lstrip()[:1] != "}":
            pair = _PAIR.match(line, at)
            assert pair is not None, line
            name = unquote_keeping_bytes(pair[1]) if pair[1] else pair[2]
            if pair[3]:
                labels[name] = unquote_keeping_bytes(pair[3])
            else:
                labels["__name__"] = name
            at = pair.end()
        at = line.index("}", at) + 1
    return labels_of(labels), line[at:]


def items(text: str) -> list[Item]:
    found: list[Item] = []
    text = text.strip()
    while text:
        for pattern, expand in ((_HISTOGRAMS, _histograms), (_NUMBERS, _numbers), (_OMITTED, _omitted), (_STALE, _stale)):
            if match := pattern.match(text):
                found += expand(match)
                text = text[match.end() :].lstrip()
                break
        else:
            raise AssertionError(f"no sample: {text[:40]}")
    return found


def start_offsets(text: str) -> list[int | None]:
    """Of each sample of the next line, when its counter started relative to the sample's own time."""
    offsets: list[int | None] = []
    for word in text.split():
        if match := _OMITTED.fullmatch(word):
            offsets += [None] * int(match[1] or 1)
            continue
        start = _START.match(word)
        assert start is not None, word
        first, change = duration_ms(start[1]), duration_ms(start[2]) if start[2] else 0
        offsets += [first + place * change for place in range(int(start[3] or 0) + 1)]
    return offsets


def _omitted(match: re.Match[str]) -> Iterator[Item]:
    yield from [None] * int(match[1] or 1)


def _stale(match: re.Match[str]) -> Iterator[Item]:
    yield from [STALE] * (int(match[1]) + 1 if match[1] else 1)


def _numbers(match: re.Match[str]) -> Iterator[Item]:
    value, change = float(match[1]), float(match[2] or 0)
    for _ in range(int(match[3] or 0) + 1):
        yield value
        value += change  # and not place * change: the scripts count on the rounding


def _histograms(match: re.Match[str]) -> Iterator[Item]:
    value, change = histogram(match[1]), histogram(match[3]) if match[3] is not None else None
    for place in range(int(match[4] or 0) + 1):
        if place and change is not None:
            value = value.plus(change, -1.0 if match[2] == "-" else 1.0)
        yield value


def histogram(text: str) -> Histogram:
    fields = dict(_FIELD.findall(text))

    def numbers(name: str) -> list[float]:
        return [float(word) for word in fields.get(name, "[]").strip("[]").split()]

    def buckets(name: str, offset: str) -> Buckets:
        first = int(fields.get(offset, 0))
        return Buckets.of({first + place: count for place, count in enumerate(numbers(name))})

    return Histogram(
        schema=int(fields.get("schema", 0)),
        count=float(fields.get("count", 0)),
        sum=float(fields.get("sum", 0)),
        zero_count=float(fields.get("z_bucket", 0)),
        zero_threshold=float(fields.get("z_bucket_w", 0)),
        positive=buckets("buckets", "offset"),
        negative=buckets("n_buckets", "n_offset"),
        bounds=tuple(numbers("custom_values")),
        hint=ResetHint[fields.get("counter_reset_hint", "unknown").upper()],
    )


def with_custom_buckets(loaded: dict[Labels, list[Sample]]) -> dict[Labels, list[Sample]]:
    """Of each family of _bucket, _count and _sum series one series of histograms with custom buckets."""
    families: dict[Labels, dict[int, dict[str, float]]] = {}
    for labels, samples in loaded.items():
        rest = dict(labels)
        name, _, suffix = rest.get("__name__", "").rpartition("_")
        if suffix not in ("bucket", "count", "sum"):
            continue
        part = str(float(rest.pop("le"))) if suffix == "bucket" else suffix
        family = families.setdefault(labels_of({**rest, "__name__": name}), {})
        for sample in samples:
            assert isinstance(sample.value, float)
            family.setdefault(sample.ts_ms, {})[part] = sample.value
    return {labels: [Sample(ts, _custom(parts)) for ts, parts in sorted(family.items())] for labels, family in families.items()}


def _custom(parts: dict[str, float]) -> Histogram:
    bounds = sorted(float(part) for part in parts if part not in ("count", "sum"))
    cumulative = [parts[str(bound)] for bound in bounds]
    count = parts.get("count", cumulative[-1] if cumulative else 0.0)
    if not bounds or bounds[-1] != float("inf"):
        bounds, cumulative = [*bounds, float("inf")], [*cumulative, count]
    counts = [above - below for below, above in zip([0.0, *cumulative], cumulative, strict=False)]
    buckets = Buckets.of({place: held for place, held in enumerate(counts) if held})
    return replace(Histogram(schema=-53), count=count, sum=parts.get("sum", 0.0), positive=buckets, bounds=tuple(bounds[:-1]))
