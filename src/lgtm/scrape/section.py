"""A mapping of a document, read key by key: a wrong value, a key that does not exist and one that is left out are named with their path.

Scalars are texts. What is a number, a duration or a switch is read out of them as Prometheus reads it (Go's yaml, v2).
"""

from __future__ import annotations

import difflib
import math
import os.path
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, TypeVar

from lgtm.errors import BadRequest
from lgtm.model.labels import quote
from lgtm.model.secret import Secret
from lgtm.parsing.durations import parse_duration

T = TypeVar("T")
_SIZE = re.compile(r"([0-9]+)(?:([KMGTPE])(?:i?B)?|B)?", re.ASCII | re.IGNORECASE)
_POWERS = "KMGTPE"
_OCTAL = re.compile(r"0[0-7]+")
_YES = frozenset(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"))
NO = frozenset(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"))
"""What YAML 1.1 takes for false."""
_COUNT_MAX = 2**63 - 1


class InvalidScrapeConfig(BadRequest):
    """path: of the key, such as `scrape_configs[0].scheme`; empty for the whole document."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(path, message)
        self.path, self.message = path, message

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class Section:
    """Each method takes a key out; `end` refuses what is left. A key without a value is absent, as in Prometheus.

    directory: what names of files are relative to.
    """

    def __init__(self, value: object, path: str, directory: str = "") -> None:
        if value is None:
            value = {}
        if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
            raise InvalidScrapeConfig(path, "is no mapping of names to values")
        self.path, self._directory = path, directory
        self._values: dict[str, Any] = {key: one for key, one in value.items() if one is not None}
        self._given = frozenset(self._values)
        self._known: set[str] = set()

    def path_of(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def error(self, key: str, message: str) -> InvalidScrapeConfig:
        return InvalidScrapeConfig(self.path_of(key), message)

    def has(self, key: str) -> bool:
        return key in self._values

    def given(self, key: str) -> bool:
        """Whether the key stands in the document, taken out already or not."""
        return key in self._given

    def names(self) -> tuple[str, ...]:
        """The keys that were not taken out yet."""
        return tuple(self._values)

    def text(self, key: str, default: str = "") -> str:
        return self._take(key, default, lambda value: value if isinstance(value, str) else None, "a text")

    def secret(self, key: str) -> Secret:
        return Secret(self.text(key))

    def file(self, key: str) -> str:
        """A name of a file, empty where it is absent."""
        return self._file(self.text(key))

    def files(self, key: str) -> tuple[str, ...]:
        return tuple(map(self._file, self.texts(key)))

    def switch(self, key: str, default: bool) -> bool:
        return self._take(key, default, _switch, "true or false")

    def count(self, key: str, default: int = 0) -> int:
        return self._take(key, default, _count, "a whole number from 0 up")

    def number(self, key: str, default: float = 0.0) -> float:
        return self._take(key, default, _number, "a number")

    def duration_ns(self, key: str, default_ns: int) -> int:
        return self._parsed(key, default_ns, parse_duration)

    def size(self, key: str, default: int = 0) -> int:
        return self._parsed(key, default, _size)

    def choice(self, key: str, default: str, choices: Mapping[str, T] | tuple[str, ...]) -> str:
        chosen = self.text(key, default)
        if chosen != default and chosen not in choices:
            raise self.error(key, f"{quote(chosen)} is none of {', '.join(choices)}")
        return chosen

    def texts(self, key: str) -> tuple[str, ...]:
        values: list[str] = self._take(
            key, [], lambda value: value if isinstance(value, list) and all(isinstance(one, str) for one in value) else None, "a list of texts"
        )
        return tuple(values)

    def pairs(self, key: str) -> tuple[tuple[str, str], ...]:
        """A mapping of texts to texts."""
        section = self.section(key)
        return tuple((name, section.text(name)) for name in section.names())

    def section(self, key: str) -> Section:
        """The mapping under the key, empty where it is absent."""
        self._known.add(key)
        return Section(self._values.pop(key, None), self.path_of(key), self._directory)

    def sections(self, key: str) -> Iterator[Section]:
        """The mappings in the list under the key."""
        self._known.add(key)
        values = self._values.pop(key, [])
        if not isinstance(values, list):
            raise self.error(key, "is no list")
        for at, value in enumerate(values):
            yield Section(value, f"{self.path_of(key)}[{at}]", self._directory)

    def left_out(self, reasons: Mapping[str, str], *, harmless: Mapping[str, Collection[str]] | None = None) -> None:
        """Refuses keys that Prometheus has and we have not, with the reason; with one of the texts in `harmless` they may stand there."""
        for key in reasons.keys() & self._values.keys():
            value = self._values.pop(key)
            if not isinstance(value, str) or value not in (harmless or {}).get(key, ()):
                raise self.error(key, f"is not supported: {reasons[key]}")

    def ignored(self, reasons: Mapping[str, str]) -> tuple[str, ...]:
        """Passes over keys that Prometheus has and that concern something else; tells which, and why."""
        found = [key for key in reasons if self._values.pop(key, None)]
        return tuple(f"{self.path_of(key)}: {reasons[key]}" for key in found)

    def end(self) -> None:
        """Raises InvalidScrapeConfig for the first key that nobody asked for."""
        for key in self._values:
            near = difflib.get_close_matches(key, self._known, 1)
            raise self.error(key, f"is no setting{f'; did you mean {near[0]}?' if near else ''}")

    def _file(self, name: str) -> str:
        return os.path.join(self._directory, name) if name else ""

    def _parsed(self, key: str, default: T, parse: Callable[[str], T]) -> T:
        text = self.text(key)
        if not text:
            return default
        try:
            return parse(text)
        except ValueError as error:
            raise self.error(key, str(error)) from error

    def _take(self, key: str, default: T, convert: Callable[[Any], T | None], expected: str) -> T:
        self._known.add(key)
        if key not in self._values:
            return default
        value = self._values.pop(key)
        converted = convert(value)
        if converted is None:
            raise self.error(key, f"{quote(str(value)[:64])} is not {expected}")
        return converted


def _switch(value: object) -> bool | None:
    if not isinstance(value, str) or value not in _YES | NO:
        return None
    return value in _YES


def _count(value: object) -> int | None:
    """Also `0x10`, `1_000`, `010`, which is 8, and `1e3`."""
    if not isinstance(value, str) or not value.isascii():
        return None
    digits = value.replace("_", "")
    try:
        number = int(digits, 8 if _OCTAL.fullmatch(digits) else 0)
    except ValueError:
        as_float = _number(value)
        if as_float is None or not as_float.is_integer():
            return None
        number = int(as_float)
    return number if 0 <= number <= _COUNT_MAX else None


def _number(value: object) -> float | None:
    try:
        number = float(value) if isinstance(value, str) and value.isascii() else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _size(text: str) -> int:
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError(f"{quote(text)} is not a size such as 512KB, 10MB or 1GiB")
    power = _POWERS.index(match[2].upper()) + 1 if match[2] else 0
    return int(match[1]) << 10 * power
