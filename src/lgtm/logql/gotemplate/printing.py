"""Values to text as Go's fmt writes them: each verb with its flags for each type, and the complaints fmt puts into the text itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lgtm.logql.gotemplate.errors import CallError
from lgtm.logql.gotemplate.golayout import time_text
from lgtm.logql.gotemplate.gotime import Duration, Month, Time, Weekday
from lgtm.logql.gotemplate.kinds import NIL, LabelMap, to_bytes, type_name
from lgtm.logql.gotemplate.limits import VALUE_DEPTH_MAX, VALUE_LENGTH_MAX
from lgtm.logql.gotemplate.literals import format_float, quote, quote_rune

_BASES = {"v": 10, "d": 10, "b": 2, "o": 8, "O": 8, "x": 16, "X": 16}
_PREFIXES = {2: "0b", 8: "0", 16: "0x"}
_DIGITS = {2: "b", 8: "o", 10: "d", 16: "x"}
_NAMED_INTEGERS = (Duration, Month, Weekday)
_STRING_VERBS = frozenset("vsxXq")


@dataclass(slots=True, frozen=True)
class Flags:
    """What stands between `%` and the verb. sharp_v: `%#v`, Go syntax."""

    width: int = 0
    precision: int | None = None
    plus: bool = False
    minus: bool = False
    sharp: bool = False
    space: bool = False
    zero: bool = False
    sharp_v: bool = False


PLAIN = Flags()


class Output:
    """Pieces of text, of VALUE_LENGTH_MAX characters together. Raises CallError beyond."""

    __slots__ = ("pieces", "size")

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.size = 0

    def write(self, piece: str) -> None:
        self.size += len(piece)
        if self.size > VALUE_LENGTH_MAX:
            raise CallError(f"text of more than {VALUE_LENGTH_MAX} characters")
        self.pieces.append(piece)

    def text(self) -> str:
        return "".join(self.pieces)


def text(value: Any) -> str:
    """A single value as `{{ value }}` prints it."""
    if type(value) is str:
        return value
    if value is None:
        return "<no value>"
    out = Output()
    write(out, value, "v", PLAIN)
    return out.text()


def sprint(values: tuple[Any, ...]) -> str:
    """Blanks go between two values of which neither is a string."""
    out = Output()
    after_string = True
    for value in values:
        is_string = type(value) is str
        if not is_string and not after_string:
            out.write(" ")
        write(out, value, "v", PLAIN)
        after_string = is_string
    return out.text()


def sprintln(values: tuple[Any, ...]) -> str:
    out = Output()
    for index, value in enumerate(values):
        if index:
            out.write(" ")
        write(out, value, "v", PLAIN)
    out.write("\n")
    return out.text()


def write(out: Output, value: Any, verb: str, flags: Flags, depth: int = 0) -> None:
    """One value. Raises CallError when it is nested too deeply, or too long."""
    if value is None or value is NIL:
        shown = "interface {}(nil)" if flags.sharp_v and depth else "<nil>"
        out.write(_pad(shown, flags) if verb in "Tv" else f"%!{verb}(<nil>)")
    elif verb == "T":
        out.write(_pad(type_name(value), flags))
    elif isinstance(value, (dict, list, LabelMap)) and verb != "p":
        if depth >= VALUE_DEPTH_MAX:
            raise CallError(f"value nested more than {VALUE_DEPTH_MAX} levels deep")
        _composite(out, value, verb, flags, depth)
    else:
        written = _scalar(value, verb, flags)
        out.write(_bad_verb(value, verb) if written is None else written)


def _composite(out: Output, value: Any, verb: str, flags: Flags, depth: int) -> None:
    is_list = isinstance(value, list)
    if flags.sharp_v:
        opening, separator, closing = type_name(value) + "{", ", ", "}"
    else:
        opening, separator, closing = ("[" if is_list else "map["), " ", "]"
    out.write(opening)
    items = enumerate(value) if is_list else sorted(value.items())
    for index, (key, item) in enumerate(items):
        if index:
            out.write(separator)
        if not is_list:
            write(out, key, verb, flags, depth + 1)
            out.write(":")
        write(out, item, verb, flags, depth + 1)
    out.write(closing)


def _bad_verb(value: Any, verb: str) -> str:
    return f"%!{verb}({type_name(value)}={_scalar(value, 'v', PLAIN) if not isinstance(value, (dict, list, LabelMap)) else text(value)})"


def _scalar(value: Any, verb: str, flags: Flags) -> str | None:
    """None when the type does not know the verb."""
    if isinstance(value, str):
        return _string(value, verb, flags)
    if isinstance(value, bool):
        return _pad("true" if value else "false", flags) if verb in "tv" else None
    if isinstance(value, _NAMED_INTEGERS) and verb in _STRING_VERBS and not flags.sharp_v:
        return _string(str(value), verb, flags)
    if isinstance(value, int):
        return _integer(int(value), verb, flags)
    if isinstance(value, float):
        return _float(value, verb, flags)
    if isinstance(value, Time):
        return _string(time_text(value), verb, flags) if verb in _STRING_VERBS else None
    return _complex(value, verb, flags)


def _pad(piece: str, flags: Flags, *, zero: bool | None = None) -> str:
    """To the width, which counts characters."""
    missing = flags.width - len(piece)
    if missing <= 0:
        return piece
    if flags.minus:
        return piece + " " * missing
    return ("0" if (flags.zero if zero is None else zero) else " ") * missing + piece


def _string(value: str, verb: str, flags: Flags) -> str | None:
    if verb in "xX":
        return _pad(_hexadecimal(to_bytes(value), verb, flags), flags)
    if verb not in "vsq":
        return None
    if flags.precision is not None:
        value = value[: flags.precision]
    if verb == "q" or flags.sharp_v:
        if flags.sharp and "`" not in value and (value.isprintable() or value.replace("\t", "").isprintable()):
            return _pad(f"`{value}`", flags)
        return _pad(quote(value, ascii_only=flags.plus), flags)
    return _pad(value, flags)


def _hexadecimal(data: bytes, verb: str, flags: Flags) -> str:
    if flags.precision is not None:
        data = data[: flags.precision]
    prefix = "0x" if flags.sharp and data else ""
    digits = data.hex(" ").replace(" ", f" {prefix}") if flags.space and data else data.hex()
    shown = prefix + digits
    return shown.upper() if verb == "X" else shown


def _integer(value: int, verb: str, flags: Flags) -> str | None:
    if verb in _BASES:
        return _digits(value, verb, flags)
    if verb == "c":
        return _pad(chr(value) if 0 <= value <= 0x10FFFF and not 0xD800 <= value <= 0xDFFF else "\ufffd", flags)
    if verb == "q":
        return _pad(quote_rune(value, ascii_only=flags.plus), flags)
    if verb == "U":
        code = value % 2**64
        shown = f"U+{code:0{max(flags.precision or 0, 4)}X}"
        if flags.sharp and code <= 0x10FFFF and chr(code).isprintable():
            shown += f" '{chr(code)}'"
        return _pad(shown, flags, zero=False)
    return None


def _digits(value: int, verb: str, flags: Flags) -> str:
    base = _BASES[verb]
    sign = "-" if value < 0 else "+" if flags.plus else " " if flags.space else ""
    if flags.precision is not None:
        if flags.precision == 0 and value == 0:
            return " " * flags.width
        least = flags.precision
    else:
        least = flags.width - len(sign) if flags.zero and not flags.minus else 0
    digits = format(abs(value), _DIGITS[base]).rjust(least, "0")
    if flags.sharp and base in _PREFIXES and not (base == 8 and digits[0] == "0"):
        digits = _PREFIXES[base] + digits
    if verb == "O":
        digits = "0o" + digits
    return _pad(sign + (digits.upper() if verb == "X" else digits), flags, zero=False)


def _float(value: float, verb: str, flags: Flags) -> str | None:
    shape = {"v": "g", "F": "f"}.get(verb, verb)
    if shape not in "eEfgG":
        return _hexadecimal_float(value, verb, flags) if verb in "xX" else None
    precision = flags.precision if flags.precision is not None else (-1 if shape in "gG" else 6)
    return _number(_with_point(value, shape, precision) if flags.sharp else format_float(value, shape, precision), flags)


def _with_point(value: float, shape: str, precision: int) -> str:
    if value - value != 0:
        return format_float(value, shape, precision)
    return f"{value:#.{precision if precision >= 0 else 6}{shape}}"


def _hexadecimal_float(value: float, verb: str, flags: Flags) -> str:
    if value - value != 0:
        return _number(format_float(value), flags)
    mantissa, _, power = value.hex().partition("p")
    whole, _, fraction = mantissa.partition(".")
    fraction = fraction.rstrip("0")
    shown = f"{whole}{'.' if fraction else ''}{fraction}p{power[0]}{power[1:].zfill(2)}"
    return _number(shown.upper() if verb == "X" else shown, flags)


def _number(digits: str, flags: Flags) -> str:
    """A float with its sign; zeros go between the sign and the digits."""
    special = digits.lstrip("+-")[:1] in ("I", "N")
    sign = digits[0] if digits[0] == "-" or digits == "+Inf" else ""
    bare = digits.lstrip("+-")
    if not sign or sign == "+":
        sign = "+" if flags.plus else " " if flags.space else sign
    if flags.zero and not flags.minus and not special:
        return sign + bare.rjust(flags.width - len(sign), "0")
    return _pad(sign + bare, flags, zero=False)


def _complex(value: complex, verb: str, flags: Flags) -> str | None:
    real = _float(value.real, verb, flags)
    imaginary = _float(value.imag, verb, Flags(flags.width, flags.precision, plus=True))
    return None if real is None or imaginary is None else f"({real}{imaginary}i)"
