"""Prometheus' evaluation scripts: a text to its commands.

A line that begins with # counts as blank, and a blank line ends a command. Times count from the epoch.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lgtm.model.labels import Labels
from lgtm.promql.strings import unquote_keeping_bytes
from lgtm.promql.times import Times
from promql.notation import Item, Sample, duration_ms, items, series, start_offsets, with_custom_buckets

_LOAD = re.compile(r"load(_with_nhcb)?\s+(\S+)$")
_INSTANT = re.compile(r"eval(?:_(fail|warn|info|ordered))?\s+instant\s+at\s+(\S+)\s+(.+)$")
_RANGE = re.compile(r"eval(?:_(fail|warn|info))?\s+range\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)\s+(.+)$")
_EXPECT = re.compile(r"expect\s+(ordered|fail|warn|no_warn|info|no_info)(?:\s+(msg|regex):\s*(.*))?$")
_GRID = re.compile(r"expect\s+range\s+vector\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)$")
_STRING = re.compile(r"expect\s+string\s+(.+)$")


@dataclass(slots=True, frozen=True)
class Clear:
    """Forgets all series."""


@dataclass(slots=True, frozen=True)
class Load:
    series: dict[Labels, list[Sample]]


@dataclass(slots=True, frozen=True)
class Expectation:
    """kind: fail, warn, info, no_warn, no_info or ordered. Without text and pattern any text will do."""

    kind: str
    text: str | None = None
    pattern: re.Pattern[str] | None = None

    def fits(self, text: str) -> bool:
        if self.pattern is not None:
            return self.pattern.search(text) is not None
        return self.text in (None, text)


@dataclass(slots=True)
class Eval:
    """grid: of the samples when an instant query answers with a range vector."""

    line: int
    query: str
    times: Times
    expectations: list[Expectation] = field(default_factory=list)
    series: dict[Labels, list[Item]] = field(default_factory=dict)
    scalar: float | None = None
    string: str | None = None
    grid: Times | None = None

    @property
    def is_instant(self) -> bool:
        return self.times.step_ms == 0

    def expects(self, kind: str) -> list[Expectation]:
        return [expectation for expectation in self.expectations if expectation.kind == kind]


Command = Clear | Load | Eval


def parse_script(text: str) -> list[Command]:
    lines = ["" if line.strip().startswith("#") else line.strip() for line in text.split("\n")]
    commands: list[Command] = []
    at = 0
    while at < len(lines):
        end = next((place for place in range(at, len(lines)) if not lines[place]), len(lines))
        while at < end:
            if lines[at] == "clear":
                commands.append(Clear())
                at += 1
            elif lines[at].startswith("load"):
                commands.append(_load(lines[at:end]))
                at = end
            else:
                commands.append(_eval(lines[at:end], at + 1))
                at = end
        at = end + 1
    return commands


def _load(lines: list[str]) -> Load:
    head = _LOAD.match(lines[0])
    assert head is not None, lines[0]
    step_ms = duration_ms(head[2])
    loaded: dict[Labels, list[Sample]] = {}
    starts: list[int | None] = []
    for line in lines[1:]:
        head_of_line, *rest = line.split(None, 1)
        if head_of_line.endswith("@st"):
            starts = start_offsets(rest[0] if rest else "")
            continue
        labels, text = series(line)
        values = items(text)
        offsets = starts or [None] * len(values)
        loaded[labels] = [
            Sample(place * step_ms, value, 0 if offset is None else place * step_ms + offset)
            for place, (value, offset) in enumerate(zip(values, offsets, strict=True))
            if value is not None
        ]
        starts = []
    return Load({**loaded, **(with_custom_buckets(loaded) if head[1] else {})})


def _eval(lines: list[str], number: int) -> Eval:
    if match := _INSTANT.match(lines[0]):
        mode, when, query = match.groups()
        case = Eval(number, query, Times(duration_ms(when), duration_ms(when)))
    else:
        match = _RANGE.match(lines[0])
        assert match is not None, lines[0]
        mode, start, end, step, query = match.groups()
        case = Eval(number, query, Times(duration_ms(start), duration_ms(end), duration_ms(step)))
    if mode:
        case.expectations.append(Expectation(mode))
    for line in lines[1:]:
        _result_line(case, line)
    return case


def _result_line(case: Eval, line: str) -> None:
    if match := _GRID.match(line):
        case.grid = Times(duration_ms(match[1]), duration_ms(match[2]), duration_ms(match[3]))
    elif match := _STRING.match(line):
        case.string = unquote_keeping_bytes(match[1].strip())
    elif match := _EXPECT.match(line):
        kind, how, text = match.groups()
        pattern = re.compile(text.strip()) if how == "regex" else None
        case.expectations.append(Expectation(kind, text.strip() if how == "msg" else None, pattern))
    elif (number := _number(line)) is not None:
        case.scalar = number
    else:
        labels, text = series(line)
        case.series[labels] = items(text)


def _number(line: str) -> float | None:
    for read in (lambda text: float(int(text, 0)), float):
        try:
            return read(line)
        except ValueError:
            continue
    return None
