"""Numbers as queries write and print them."""

from __future__ import annotations

import math
import re

from lgtm.parsing import gonumbers
from lgtm.parsing.durations import parse_duration
from lgtm.parsing.tokens import Token
from lgtm.promql.errors import ParseError
from lgtm.promql.lexer import DURATION
from lgtm.promql.position import Position
from lgtm.promql.syntax import Number

_NS_PER_S = 1e9
_INT64_MAX = 2**63 - 1
_HEXADECIMAL = re.compile(r"0[xX](?:_?[0-9a-fA-F])+")
_OCTAL = re.compile(r"0(?:_?[0-7])+")


def parse_number(token: Token, errors: list[ParseError]) -> Number:
    """The value of a NUMBER or DURATION; a duration counts seconds. What is wrong is added to `errors`."""
    position = Position(token.line, token.column)
    if token.kind == DURATION:
        try:
            return Number(parse_duration(token.text) / _NS_PER_S, position, duration=True)
        except ValueError as error:
            errors.append(ParseError(str(error), position))
            return Number(0.0, position)
    try:
        return Number(read_float(token.text), position)
    except ValueError as error:
        errors.append(ParseError(f"error parsing number: {error}", position))
        return Number(0.0, position)


def read_float(text: str) -> float:
    """As an int64 in Go's syntax if it is one (0x, leading 0 for octal), else as a decimal; `_` may stand between digits. Raises ValueError."""
    for pattern, base in ((_HEXADECIMAL, 16), (_OCTAL, 8)):
        if pattern.fullmatch(text) and (whole := int(text.replace("_", ""), base)) <= _INT64_MAX:
            return float(whole)
    return gonumbers.parse_float(text)


def parse_float(text: str) -> float | None:
    """None when it is no number."""
    try:
        return read_float(text)
    except ValueError:
        return None


def format_float(value: float) -> str:
    """The shortest decimal that reads back as `value`, without an exponent: Go's format 'f'."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    text = repr(value)
    if "e" not in text:
        return text.removesuffix(".0")
    mantissa, _, exponent = text.partition("e")
    sign, mantissa = ("-", mantissa[1:]) if mantissa[0] == "-" else ("", mantissa)
    whole, _, fraction = mantissa.partition(".")
    digits, point = whole + fraction, len(whole) + int(exponent)
    if point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    return sign + (digits.ljust(point, "0") if point >= len(digits) else f"{digits[:point]}.{digits[point:]}")


def format_short(value: float) -> str:
    """Go's format %g: an exponent below 1e-4 and from 1e21 on."""
    if not math.isfinite(value) or value == 0 or 1e-4 <= abs(value) < 1e21:
        return "-0" if value == 0 and math.copysign(1.0, value) < 0 else format_float(value)
    mantissa, _, exponent = f"{value!r}".partition("e")
    if not exponent:
        digits = format_float(abs(value)).lstrip("0.").rstrip("0")
        power = math.floor(math.log10(abs(value)))
        mantissa = ("-" if value < 0 else "") + digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
        exponent = str(power)
    return f"{mantissa.removesuffix('.0')}e{int(exponent):+03d}"
