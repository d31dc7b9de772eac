"""Literals of Go: strings and characters with their escapes, numbers that are several types at once, and their printed forms."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from lgtm.logql.gotemplate.kinds import from_bytes
from lgtm.parsing.gonumbers import parse_float

_INT64_MAX = 2**63 - 1
_UINT64_MAX = 2**64 - 1
_INTEGER = re.compile(r"[+-]?(?:0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|0(?:_?[0-7])*|[1-9](?:_?[0-9])*)", re.ASCII)
_DIGITS_MAX = 4_300
_UNDERSCORED = re.compile(r"[+-]?(?=[0-9.])(?:[0-9]+(?:_[0-9]+)*)?(?:\.(?:[0-9]+(?:_[0-9]+)*)?)?(?:[eE][+-]?[0-9]+(?:_[0-9]+)*)?", re.ASCII)
_COMPLEX = re.compile(r"(.*?[^eEpP])([+-].*)i")
_ESCAPED = re.compile(r"""\\(?:([abfnrtv\\'"])|([0-7]{3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))""")
_CONTROLS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_SPECIAL = re.compile(r'["\\]|[^\x20-\x7e]')
_NAMED = {'"': '\\"', "\\": "\\\\", "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"}


@dataclass(slots=True, frozen=True)
class Number:
    """A constant with every type that can hold it, as Go's ideal constants have; None where a type cannot."""

    text: str
    integer: int | None = None
    unsigned: int | None = None
    real: float | None = None
    complex: complex | None = None


def number(text: str) -> Number:
    """Reads a numeric literal. Raises ValueError with Go's text."""
    if text.endswith("i"):
        return _imaginary(text)
    integer = parse_integer(text)
    if integer is not None and -_INT64_MAX - 1 <= integer <= _UINT64_MAX:
        signed = integer if integer <= _INT64_MAX else None
        unsigned = integer if (integer > 0 and text[0] not in "+-") or integer == 0 else None
        return Number(text, signed, unsigned, float(integer))
    try:
        real = read_float(text)
    except ValueError:
        real = None
    if real is not None and not any(c in text for c in ".eEpP"):
        raise ValueError(f"integer overflow: {quote(text)}")
    if real is None:
        raise ValueError(f"illegal number syntax: {quote(text)}")
    return Number(text, *_integers(real), real)


def character(text: str) -> Number:
    """Reads `'c'`, which is an integer. Raises ValueError with Go's text."""
    escaped = _ESCAPED.match(text, 1)
    if text[1:2] == "\\":
        if escaped is None or escaped[1] == '"':
            raise ValueError("invalid syntax")
        code, end = _code(escaped), escaped.end()
    else:
        code, end = ord(text[1]), 2
        if text[1] == "'":
            raise ValueError("invalid syntax")
    if text[end:] != "'":
        raise ValueError(f"malformed character constant: {text}")
    return Number(text, code, code, float(code))


def parse_integer(text: str) -> int | None:
    """strconv.ParseInt with base 0, without bounds: `0x10`, `0o17`, `017`, `1_000`. None when it is none."""
    if len(text) > _DIGITS_MAX or not _INTEGER.fullmatch(text):
        return None
    sign, digits = (-1 if text[0] == "-" else 1), text.lstrip("+-").replace("_", "")
    if digits[:2].lower() in ("0x", "0o", "0b"):
        return sign * int(digits, 0)
    return sign * int(digits, 8 if digits[0] == "0" else 10)


def read_float(text: str) -> float:
    """strconv.ParseFloat, which takes underscores between digits. Raises ValueError with Go's text."""
    if "_" in text and _UNDERSCORED.fullmatch(text):
        return parse_float(text.replace("_", ""))
    return parse_float(text)


def _imaginary(text: str) -> Number:
    match = _COMPLEX.fullmatch(text)
    try:
        value = complex(read_float(match[1]) if match else 0.0, read_float(match[2] if match else text[:-1]))
    except ValueError:
        raise ValueError(f"illegal number syntax: {quote(text)}") from None
    if value.imag:
        return Number(text, complex=value)
    return Number(text, *_integers(value.real), value.real, value)


def _integers(real: float) -> tuple[int | None, int | None]:
    if not real.is_integer():
        return None, None
    whole = int(real)
    return whole if -_INT64_MAX - 1 <= whole <= _INT64_MAX else None, whole if 0 <= whole <= _UINT64_MAX else None


def unquote(literal: str) -> str:
    """The value of a string literal with its quotes, plain or raw. Raises ValueError("invalid syntax")."""
    if literal[0] == "`":
        return literal[1:-1].replace("\r", "")
    if "\\" not in literal:
        return literal[1:-1]
    parts: list[str] = []
    offset, end = 1, len(literal) - 1
    while offset < end:
        backslash = literal.find("\\", offset, end)
        if backslash < 0:
            parts.append(literal[offset:end])
            break
        parts.append(literal[offset:backslash])
        match = _ESCAPED.match(literal, backslash, end)
        if match is None or match[1] == "'":
            raise ValueError("invalid syntax")
        code = _code(match)
        parts.append(from_bytes(bytes((code,))) if match[2] or match[3] else chr(code))
        offset = match.end()
    text = "".join(parts)
    # Bytes that were written one by one may be a character together.
    return text if text.isascii() else from_bytes(text.encode("utf-8", "surrogateescape"))


def _code(match: re.Match[str]) -> int:
    simple, octal, byte, short, long = match.groups()
    if simple:
        return ord(_CONTROLS.get(simple, simple))
    if octal or byte:
        code = int(octal, 8) if octal else int(byte, 16)
        if code > 0xFF:
            raise ValueError("invalid syntax")
        return code
    code = int(short or long, 16)
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise ValueError("invalid syntax")
    return code


def quote(text: str, *, ascii_only: bool = False) -> str:
    """strconv.Quote; with `ascii_only`, strconv.QuoteToASCII."""

    def escape(match: re.Match[str]) -> str:
        character = match[0]
        named = _NAMED.get(character)
        if named is not None:
            return named
        code = ord(character)
        if 0xDC80 <= code <= 0xDCFF:
            return f"\\x{code - 0xDC00:02x}"
        if not ascii_only and character.isprintable():
            return character
        return rune_escape(code)

    return f'"{_SPECIAL.sub(escape, text)}"'


def rune_escape(code: int) -> str:
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def quote_rune(code: int, *, ascii_only: bool = False) -> str:
    """strconv.QuoteRune: `'x'`, `'\\n'`; what is no character is U+FFFD."""
    if code < 0 or code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        code = 0xFFFD
    if code == 0x27:
        return "'\\''"
    if code == 0x22:
        return "'\"'"
    return f"'{quote(chr(code), ascii_only=ascii_only)[1:-1]}'"


def format_float(value: float, verb: str = "g", precision: int = -1) -> str:
    """strconv.FormatFloat for `e`, `f` and `g` (also upper case). precision -1: the shortest text that reads back as `value`."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if precision >= 0:
        text = f"{value:.{max(precision, 1) if verb in 'gG' else precision}{verb.lower()}}"
    else:
        text = _shortest(value, verb.lower())
    return text.upper() if verb.isupper() else text


def _shortest(value: float, verb: str) -> str:
    sign, digits, exponent = _decimal(value)
    if verb == "e" or (verb == "g" and not -4 <= exponent < 6):
        mantissa = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
        return f"{sign}{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    whole, fraction = digits[: exponent + 1].ljust(exponent + 1, "0"), digits[exponent + 1 :]
    return f"{sign}{whole}.{fraction}" if fraction else sign + whole


def _decimal(value: float) -> tuple[str, str, int]:
    """Sign, shortest digits, and the power of ten of the first digit."""
    sign = "-" if math.copysign(1.0, value) < 0 else ""
    mantissa, _, power = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    leading = len(whole + fraction) - len(digits)
    exponent = int(power or 0) + len(whole) - 1 - leading
    digits = digits.rstrip("0")
    return (sign, digits, exponent) if digits else (sign, "0", 0)
