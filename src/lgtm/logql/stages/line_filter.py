"""Line filters: `|= "a" or "b"`, `!~ "x.*"`, `|> "<_> took <_>"`, `|= ip("10.0.0.0/8")`.

Operands joined by `or` keep a line when any fits; in a negated filter a line is dropped when any fits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from lgtm.logql.columns import Bool, contains, escaped, matches
from lgtm.logql.frame import LogFrame
from lgtm.logql.stages.ip_pattern import IpPattern
from lgtm.logql.stages.pattern_expression import parse_pattern
from lgtm.logql.stages.stage import InvalidStage, StageContext
from lgtm.model.labels import quote
from lgtm.model.matchers import InvalidRegex, compile_regex

LineOp = Literal["|=", "!=", "|~", "!~", "|>", "!>"]


@dataclass(slots=True, frozen=True)
class LineOperand:
    value: str
    is_ip: bool = False

    def __str__(self) -> str:
        return f"ip({quote(self.value)})" if self.is_ip else quote(self.value)


@dataclass(slots=True, frozen=True)
class LineFilter:
    op: LineOp
    operands: tuple[LineOperand, ...]

    def __post_init__(self) -> None:
        for operand in self.operands:
            try:
                _check(self.op, operand)
            except (ValueError, InvalidRegex) as error:
                raise InvalidStage(str(error), stage=str(self)) from error

    def __str__(self) -> str:
        return f"{self.op} " + " or ".join(str(operand) for operand in self.operands)

    @property
    def negated(self) -> bool:
        return self.op[0] == "!"

    def apply(self, frame: LogFrame, _: StageContext) -> LogFrame:
        return frame.filter(self.keep(frame.line))

    def keep(self, lines: Any) -> Bool:
        """lines: pa.Array[string]"""
        fits = np.zeros(len(lines), bool)
        for operand in self.operands:
            fits |= _fits(self.op, operand, lines)
        return ~fits if self.negated else fits


def _fits(op: LineOp, operand: LineOperand, lines: Any) -> Bool:
    if operand.is_ip:
        return _fits_ip(IpPattern.parse(operand.value), lines)
    if op[1] == ">":
        return _fits_pattern(operand.value, lines)
    if not operand.value:
        return np.ones(len(lines), bool)
    return matches(lines, operand.value) if op[1] == "~" else contains(lines, operand.value)


def _fits_ip(pattern: IpPattern, lines: Any) -> Bool:
    necessary, sufficient = pattern.regexes()
    if sufficient is None:
        return _by_line(lines, necessary, pattern.occurs_in)
    fits = matches(lines, sufficient)
    rest = np.flatnonzero(~fits)
    fits[rest] = _by_line(lines.take(pa.array(rest)), necessary, pattern.occurs_in)
    return fits


def _fits_pattern(text: str, lines: Any) -> Bool:
    if not text:
        return matches(lines, "^$")
    pattern = parse_pattern(text)
    literals = [escaped(part) for part in pattern.parts if isinstance(part, str)]
    return _by_line(lines, "(?s)" + ".*".join(literals), pattern.fits)


def _by_line(lines: Any, necessary: str, fits: Callable[[str], bool]) -> Bool:
    """Asks line by line, but only those that a kernel cannot rule out."""
    rows = np.flatnonzero(matches(lines, necessary))
    found = np.zeros(len(lines), bool)
    found[rows] = [fits(line) for line in lines.take(pa.array(rows)).to_pylist()]
    return found


def _check(op: LineOp, operand: LineOperand) -> None:
    if operand.is_ip:
        if op not in ("|=", "!="):
            raise ValueError("ip: invalid operation")
        IpPattern.parse(operand.value)
    elif op[1] == "~":
        compile_regex(operand.value)
    elif op[1] == ">" and operand.value:
        parse_pattern(operand.value).check_filter()
