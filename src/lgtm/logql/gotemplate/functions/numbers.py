"""Arithmetic. Any value counts as a number: text is read, and what cannot be read is 0. Names that end in `f` work on floats, in decimal."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_UP, Context, Decimal
from functools import reduce
from typing import Any

from lgtm.logql.gotemplate.errors import CallError
from lgtm.logql.gotemplate.functions.signature import ANY, Function, by_name
from lgtm.logql.gotemplate.kinds import Int64, wrap_int64
from lgtm.logql.gotemplate.literals import format_float, parse_integer, read_float

_DECIMAL_FRACTION = re.compile(r"([-+]?[0-9]*)(\.[0-9]*)?", re.ASCII)
_DECIMALS = Context(prec=2_000, Emax=MAX_EMAX, Emin=MIN_EMIN, rounding=ROUND_HALF_UP)
"""Sums and products of two floats have up to 1,300 digits."""

_DIVISION_PLACES = Decimal("1e-16")
_QUANTIZED_MAX = 1_900
_INT64 = range(-(2**63), 2**63)


def to_int(value: Any) -> int:
    """As an int64: floats and decimal texts lose their fraction, `0x10` is 16, true is 1."""
    if isinstance(value, str):
        match = _DECIMAL_FRACTION.fullmatch(value) if "." in value else None
        whole = parse_integer((match[1] if match[1].lstrip("+-") else "0") if match else value)
        return whole if whole is not None and whole in _INT64 else 0
    if isinstance(value, float):
        return int(value) if math.isfinite(value) and int(value) in _INT64 else 0
    return int(value) if isinstance(value, int) else 0


def to_float(value: Any) -> float:
    if isinstance(value, str):
        try:
            return read_float(value)
        except ValueError:
            return 0.0
    return float(value) if isinstance(value, (int, float)) else 0.0


def _folded(step: Callable[[int, int], int]) -> Callable[..., Int64]:
    def fold(*values: Any) -> Int64:
        return Int64(reduce(lambda a, b: wrap_int64(step(a, b)), (to_int(value) for value in values)))

    return fold


def _divide(a: int, b: int) -> int:
    """Towards zero."""
    if b == 0:
        raise CallError("runtime error: integer divide by zero")
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def _decimal(value: Any) -> Decimal:
    number = to_float(value)
    if not math.isfinite(number):
        raise CallError(f"Cannot create a Decimal from {format_float(number)}")
    return Decimal(repr(number))


def _folded_decimal(step: Callable[[Decimal, Decimal], Decimal]) -> Callable[..., float]:
    def fold(*values: Any) -> float:
        return float(reduce(step, (_decimal(value) for value in values)))

    return fold


def _divide_decimal(a: Decimal, b: Decimal) -> Decimal:
    """To 16 places behind the point."""
    if not b:
        raise CallError("decimal division by 0")
    quotient = _DECIMALS.divide(a, b)
    return quotient if quotient.adjusted() > _QUANTIZED_MAX else quotient.quantize(_DIVISION_PLACES, context=_DECIMALS)


def _extreme(choose: Callable[[float, float], float]) -> Callable[..., float]:
    def fold(*values: Any) -> float:
        numbers = [to_float(value) for value in values]
        return math.nan if any(math.isnan(number) for number in numbers) else reduce(choose, numbers)

    return fold


def _whole(rounded: Callable[[float], int]) -> Callable[[Any], float]:
    def apply(value: Any) -> float:
        number = to_float(value)
        return math.copysign(rounded(number), number) if math.isfinite(number) else number

    return apply


def round_to(value: Any, places: int, *half: float) -> float:
    """A fraction of one half or more rounds up; `half` moves that point."""
    try:
        scale = math.pow(10.0, places)
    except OverflowError:
        scale = math.inf
    scaled = scale * to_float(value)
    if not math.isfinite(scaled) or not scale:
        return math.nan
    fraction = math.modf(scaled)[0]
    whole = math.ceil(scaled) if fraction >= (half[0] if half else 0.5) else math.floor(scaled)
    return whole / scale


_add = _folded(lambda a, b: a + b)
_add_decimal = _folded_decimal(_DECIMALS.add)

FUNCTIONS = by_name(
    (
        Function("int", (ANY,), to_int),
        Function("float64", (ANY,), to_float),
        Function("add", (ANY,), lambda *values: _add(0, *values), variadic=True),
        Function("sub", (ANY, ANY), _folded(lambda a, b: a - b)),
        Function("mul", (ANY, ANY), _folded(lambda a, b: a * b), variadic=True),
        Function("div", (ANY, ANY), _folded(_divide)),
        Function("mod", (ANY, ANY), _folded(lambda a, b: a - b * _divide(a, b))),
        Function("max", (ANY, ANY), _folded(max), variadic=True),
        Function("min", (ANY, ANY), _folded(min), variadic=True),
        Function("addf", (ANY,), lambda *values: _add_decimal(0, *values), variadic=True),
        Function("subf", (ANY, ANY), _folded_decimal(_DECIMALS.subtract), variadic=True),
        Function("mulf", (ANY, ANY), _folded_decimal(_DECIMALS.multiply), variadic=True),
        Function("divf", (ANY, ANY), _folded_decimal(_divide_decimal), variadic=True),
        Function("maxf", (ANY, ANY), _extreme(max), variadic=True),
        Function("minf", (ANY, ANY), _extreme(min), variadic=True),
        Function("ceil", (ANY,), _whole(math.ceil)),
        Function("floor", (ANY,), _whole(math.floor)),
        Function("round", (ANY, "int", "float64"), round_to, variadic=True),
    )
)
