"""Names of OTLP metrics, units and attributes as Prometheus writes them, by the strategy that a tenant chose.

Source of the rules: https://prometheus.io/docs/guides/opentelemetry/ and the OpenTelemetry specification's "Prometheus and OpenMetrics
Compatibility". Where they leave something open, names are those that Prometheus 3 gives.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

from lgtm.errors import BadRequest


class TranslationStrategy(StrEnum):
    UNDERSCORE_ESCAPING_WITH_SUFFIXES = "UnderscoreEscapingWithSuffixes"
    UNDERSCORE_ESCAPING_WITHOUT_SUFFIXES = "UnderscoreEscapingWithoutSuffixes"
    NO_UTF8_ESCAPING_WITH_SUFFIXES = "NoUTF8EscapingWithSuffixes"
    NO_TRANSLATION = "NoTranslation"

    @property
    def escapes(self) -> bool:
        """Whether characters outside `[a-zA-Z0-9_:]` become `_`."""
        return self in (self.UNDERSCORE_ESCAPING_WITH_SUFFIXES, self.UNDERSCORE_ESCAPING_WITHOUT_SUFFIXES)

    @property
    def adds_suffixes(self) -> bool:
        """Whether unit and type become part of the name."""
        return self in (self.UNDERSCORE_ESCAPING_WITH_SUFFIXES, self.NO_UTF8_ESCAPING_WITH_SUFFIXES)


class InvalidName(BadRequest):
    """A metric or attribute whose name leaves nothing to call it by. kind: `metric` or `label`."""

    def __init__(self, kind: str, name: str) -> None:
        self.kind, self.name = kind, name

    def __str__(self) -> str:
        return f"{self.kind} name {self.name[:200]!r} holds no character that a name could be made of"


class Suffixes(NamedTuple):
    """unit: of the metric; total: it is a monotonic sum; ratio: it is a gauge."""

    unit: str
    total: bool
    ratio: bool


_UNITS = {
    "d": "days", "h": "hours", "min": "minutes", "s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds",
    "By": "bytes", "KiBy": "kibibytes", "MiBy": "mebibytes", "GiBy": "gibibytes", "TiBy": "tibibytes",
    "KBy": "kilobytes", "MBy": "megabytes", "GBy": "gigabytes", "TBy": "terabytes",
    "m": "meters", "V": "volts", "A": "amperes", "J": "joules", "W": "watts", "g": "grams", "Cel": "celsius", "Hz": "hertz",
    "1": "", "%": "percent",
}  # fmt: skip
_PER_UNITS = {"s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week", "mo": "month", "y": "year"}

_NO_TOKEN = re.compile(r"[^a-zA-Z0-9:]+")
_ILLEGAL_IN_METRIC = re.compile(r"[^a-zA-Z0-9_:]+")
_ILLEGAL_IN_LABEL = re.compile(r"[^a-zA-Z0-9_]")


def metric_name(name: str, suffixes: Suffixes, strategy: TranslationStrategy) -> str:
    """Raises InvalidName where nothing but underscores is left."""
    if strategy.escapes:
        found = _from_tokens(name, suffixes) if strategy.adds_suffixes else "_".join(filter(None, _ILLEGAL_IN_METRIC.split(name)))
        found = f"_{found}" if found[:1].isdigit() else found
    else:
        found = _with_suffixes(name, suffixes) if strategy.adds_suffixes else name
    if not found.strip("_"):
        raise InvalidName("metric", name)
    return found


def label_name(name: str, strategy: TranslationStrategy) -> str:
    """Raises InvalidName where nothing but underscores is left. Names that begin with `__` keep that."""
    found = name
    if strategy.escapes:
        found = _ILLEGAL_IN_LABEL.sub("_", name)
        if found[:1].isdigit():
            found = f"key_{found}"
        elif found.startswith("_") and not found.startswith("__"):
            found = f"key{found}"
    if not found.strip("_"):
        raise InvalidName("label", name)
    return found


def unit_name(unit: str, strategy: TranslationStrategy) -> str:
    """The unit as metadata tells it: `bytes`, `meters_per_second`, nothing for `1` and `{requests}`."""
    main, per = _unit_words(unit)
    if strategy.escapes:
        main, per = _clean(main), _clean(per)
    return "_".join(filter(None, (main, per and f"per_{per}")))


def _unit_words(unit: str) -> tuple[str, str]:
    """The words for what stands before and after the first `/`; nothing for annotations in braces."""
    main, _, per = unit.partition("/")
    return _word(main.strip(), _UNITS), _word(per.strip(), _PER_UNITS)


def _word(unit: str, words: dict[str, str]) -> str:
    return "" if "{" in unit or "}" in unit else words.get(unit, unit)


def _clean(word: str) -> str:
    return "_".join(filter(None, _NO_TOKEN.split(word)))


def _from_tokens(name: str, suffixes: Suffixes) -> str:
    """Words between whatever is no letter, digit or colon; a suffix is added only where no word says it already."""
    tokens = [token for token in _NO_TOKEN.split(name) if token]
    main, per = map(_clean, _unit_words(suffixes.unit))
    main, per = ("" if main in tokens else main), ("" if per in tokens else per)
    tokens += [main] if main else []
    tokens += ["per", per] if per else []
    for word in _type_words(suffixes):
        tokens = [token for token in tokens if token != word] + [word]
    return "_".join(tokens)


def _with_suffixes(name: str, suffixes: Suffixes) -> str:
    """The same for names that keep their characters: suffixes at the end are taken off before they are added in their order."""
    main, per = _unit_words(suffixes.unit)
    last = [f"per_{per}"] if per else []
    last += _type_words(suffixes)
    for word in reversed(last):
        if name.endswith(word) and len(name) > len(word) + 1:
            name = name[: -len(word) - 1]
    if main and not name.endswith(main):
        name = f"{name}_{main}"
    return "_".join([name, *last])


def _type_words(suffixes: Suffixes) -> list[str]:
    words = ["total"] if suffixes.total else []
    # Counters of things often have the unit 1 as well, so that only of gauges it is a ratio.
    return [*words, "ratio"] if suffixes.ratio and suffixes.unit == "1" else words
