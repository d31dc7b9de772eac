"""Arithmetic between columns. Integers stay integers, as Go has them: division truncates, and what would divide by zero has no value.

An integer and a float make a float, a duration and an integer a duration. Lists take no part.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from lgtm.traceql.columns import AnyArray, Bool, Column, Columns
from lgtm.traceql.types import NUMBERS, Type
from lgtm.vectors.arithmetic import ARITHMETIC


def negate(columns: Columns) -> Columns:
    return tuple(replace(column, values=-column.values) for column in columns if _is_number(column))


def calculate(lefts: Columns, symbol: str, rights: Columns) -> Columns:
    """A row has a value where both sides have a number."""
    found: list[Column] = []
    for left in filter(_is_number, lefts):
        for right in filter(_is_number, rights):
            found += _pair(left, symbol, right)
    return tuple(found)


def _is_number(column: Column) -> bool:
    return column.type in NUMBERS and column.offsets is None


def _pair(left: Column, symbol: str, right: Column) -> list[Column]:
    held = left.held & right.held
    if Type.FLOAT in (left.type, right.type):
        return [_floats(symbol, left.values, right.values, held)]
    of = Type.DURATION if Type.DURATION in (left.type, right.type) else Type.INT
    a, b = left.values, right.values
    match symbol:
        case "/" | "%":
            held = held & (b != 0)
            divisor = np.where(b == 0, 1, b)
            rest = np.fmod(a, divisor)
            with np.errstate(over="ignore"):  # the least integer divided by -1 wraps around, as in Go
                return [Column(of, rest if symbol == "%" else (a - rest) // divisor, held)]
        case "^":
            whole = b >= 0
            return [Column(of, np.power(a, np.maximum(b, 0)), held & whole), _floats(symbol, a, b, held & ~whole)]
        case _:
            return [Column(of, {"+": np.add, "-": np.subtract, "*": np.multiply}[symbol](a, b), held)]


def _floats(symbol: str, left: AnyArray, right: Any, held: Bool) -> Column:
    with np.errstate(all="ignore"):
        return Column(Type.FLOAT, np.asarray(ARITHMETIC[symbol](left.astype(np.float64), right), dtype=np.float64), held)
