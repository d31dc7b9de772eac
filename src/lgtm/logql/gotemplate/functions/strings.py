"""Functions on text. What counts, counts bytes where Go's strings do (`trunc`, `substr`) and characters in `alignLeft`, `alignRight`."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from urllib.parse import quote_plus, unquote_to_bytes

from lgtm.logql.gotemplate.errors import CallError
from lgtm.logql.gotemplate.functions.signature import Function, by_name
from lgtm.logql.gotemplate.kinds import from_bytes, to_bytes
from lgtm.logql.gotemplate.limits import VALUE_LENGTH_MAX
from lgtm.logql.gotemplate.literals import quote
from lgtm.model.letter_case import lower, upper

SPACES = " \t\n\v\f\r\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
_SEPARATORS = re.escape("".join(chr(c) for c in range(128) if not (chr(c).isalnum() or c == 0x5F)) + SPACES[6:])
_WORD_START = re.compile(f"(?<![^{_SEPARATORS}])[^{_SEPARATORS}]")
_BAD_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})")
_NO_BASE64 = re.compile(r"[^A-Za-z0-9+/]")


def title(text: str) -> str:
    """Words with a capital; the rest of a word stays."""

    def capital(match: re.Match[str]) -> str:
        large = match[0].title()
        return large if len(large) == 1 else match[0]

    return _WORD_START.sub(capital, text)


def trunc(count: int, text: str) -> str:
    """The first `count` bytes, or the last ones when negative."""
    if text.isascii():
        return text[:count] if count >= 0 else (text[count:] if len(text) + count > 0 else text)
    data = to_bytes(text)
    if count >= 0:
        return from_bytes(data[:count])
    return from_bytes(data[count:]) if len(data) + count > 0 else text


def substr(start: int, end: int, text: str) -> str:
    data = to_bytes(text)
    size = len(data)
    if start < 0:
        if end < 0:
            raise CallError(f"runtime error: slice bounds out of range [:{end}]")
        if end > size:
            raise CallError(f"runtime error: slice bounds out of range [:{end}] with length {size}")
        return from_bytes(data[:end])
    if end < 0 or end > size:
        end = size
    if start > end:
        raise CallError(f"runtime error: slice bounds out of range [{start}:{end}]")
    return from_bytes(data[start:end])


def replace(text: str, old: str, new: str, count: int = -1) -> str:
    growth = len(new) - len(old)
    if growth > 0:
        _check_size(len(text) + growth * (text.count(old) if old else len(text) + 1))
    return text.replace(old, new, count)


def repeat(count: int, text: str) -> str:
    if count < 0:
        raise CallError("strings: negative Repeat count")
    _check_size(count * len(text))
    return text * count


def indent(spaces: int, text: str) -> str:
    margin = repeat(spaces, " ")
    return margin + replace(text, "\n", "\n" + margin)


def align_left(count: int, text: str) -> str:
    if count < 0:
        return text
    _check_size(count)
    return text[:count].ljust(count)


def align_right(count: int, text: str) -> str:
    if count < 0:
        return text
    _check_size(count)
    return text[-count:].rjust(count) if count else ""


def _check_size(size: int) -> None:
    if size > VALUE_LENGTH_MAX:
        raise CallError(f"text of more than {VALUE_LENGTH_MAX} characters")


def b64enc(text: str) -> str:
    return b64encode(to_bytes(text)).decode()


def b64dec(text: str) -> str:
    """Padding may be missing. What is no base64 gives Go's complaint as its value."""
    data = text.replace("\r", "").replace("\n", "")
    bare = data.rstrip("=")
    wrong = _NO_BASE64.search(bare)
    if wrong or len(bare) % 4 == 1 or len(data) - len(bare) > 2:
        return f"illegal base64 data at input byte {wrong.start() if wrong else len(bare)}"
    try:
        return from_bytes(b64decode(bare + "=" * (-len(bare) % 4)))
    except binascii.Error:
        return f"illegal base64 data at input byte {len(bare)}"


def urlencode(text: str) -> str:
    return quote_plus(to_bytes(text))


def urldecode(text: str) -> str:
    wrong = _BAD_ESCAPE.search(text)
    if wrong:
        raise CallError(f"invalid URL escape {quote(text[wrong.start() : wrong.start() + 3])}")
    return from_bytes(unquote_to_bytes(to_bytes(text.replace("+", " "))))


def _remove_prefix(prefix: str, text: str) -> str:
    return text.removeprefix(prefix)


def _remove_suffix(suffix: str, text: str) -> str:
    return text.removesuffix(suffix)


_S, _SS, _IS = ("string",), ("string", "string"), ("int", "string")

FUNCTIONS = by_name(
    (
        Function("lower", _S, lower),
        Function("upper", _S, upper),
        Function("title", _S, title),
        Function("trim", _S, lambda text: text.strip(SPACES)),
        Function("trimAll", _SS, lambda cutset, text: text.strip(cutset)),
        Function("trimPrefix", _SS, _remove_prefix),
        Function("trimSuffix", _SS, _remove_suffix),
        Function("trunc", _IS, trunc),
        Function("substr", ("int", "int", "string"), substr),
        Function("contains", _SS, lambda part, text: part in text),
        Function("hasPrefix", _SS, lambda prefix, text: text.startswith(prefix)),
        Function("hasSuffix", _SS, lambda suffix, text: text.endswith(suffix)),
        Function("replace", ("string", "string", "string"), lambda old, new, text: replace(text, old, new)),
        Function("repeat", _IS, repeat),
        Function("indent", _IS, indent),
        Function("nindent", _IS, lambda spaces, text: "\n" + indent(spaces, text)),
        Function("alignLeft", _IS, align_left),
        Function("alignRight", _IS, align_right),
        Function("b64enc", _S, b64enc),
        Function("b64dec", _S, b64dec),
        Function("urlencode", _S, urlencode),
        Function("urldecode", _S, urldecode),
        # Older names, which take the text first.
        Function("ToLower", _S, lower),
        Function("ToUpper", _S, upper),
        Function("Replace", ("string", "string", "string", "int"), replace),
        Function("Trim", _SS, lambda text, cutset: text.strip(cutset)),
        Function("TrimLeft", _SS, lambda text, cutset: text.lstrip(cutset)),
        Function("TrimRight", _SS, lambda text, cutset: text.rstrip(cutset)),
        Function("TrimPrefix", _SS, lambda text, prefix: text.removeprefix(prefix)),
        Function("TrimSuffix", _SS, lambda text, suffix: text.removesuffix(suffix)),
        Function("TrimSpace", _S, lambda text: text.strip(SPACES)),
    )
)
