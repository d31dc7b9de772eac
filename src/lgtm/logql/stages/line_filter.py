"""Line filters: `|= "a" or "b"`, `!~ "x.*"`, `|> "<_> took <_>"`, `|= ip("10.0.0.0/8")`.

Operands joined by `or` keep a line when any fits; in a negated filter a line is dropped when any fits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lgtm.logql.stages.ip_pattern import IpPattern
from lgtm.logql.stages.pattern_expression import parse_pattern
from lgtm.logql.stages.stage import InvalidStage
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


def _check(op: LineOp, operand: LineOperand) -> None:
    if operand.is_ip:
        if op not in ("|=", "!="):
            raise ValueError("ip: invalid operation")
        IpPattern.parse(operand.value)
    elif op[1] == "~":
        compile_regex(operand.value)
    elif op[1] == ">" and operand.value:
        parse_pattern(operand.value).check_filter()
