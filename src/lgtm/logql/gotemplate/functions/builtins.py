"""What every Go template can call: `index slice len not call print printf println html js urlquery`. (`and`, `or`: see execution.)"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote_plus

from lgtm.logql.gotemplate.errors import CallError
from lgtm.logql.gotemplate.functions.signature import ANY, VALUE, Function, by_name
from lgtm.logql.gotemplate.kinds import NIL, GoInt, LabelMap, Uint8, byte_length, from_bytes, is_true, to_bytes, type_name
from lgtm.logql.gotemplate.printf import sprintf
from lgtm.logql.gotemplate.printing import sprint, sprintln

_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;", "\0": "\ufffd"}
_HTML_SPECIAL = re.compile("[&<>\"'\0]")
_JS = {"\\": "\\\\", "'": "\\'", '"': '\\"', "<": "\\u003C", ">": "\\u003E", "&": "\\u0026", "=": "\\u003D"}
_JS_SPECIAL = re.compile("[\\\\'\"<>&=\0-\x1f\x7f-\U0010ffff]")


def index(item: Any, *indexes: Any) -> Any:
    """`index x 1 2` is `x[1][2]`. An absent key is the zero of the map's values."""
    if item is None or item is NIL:
        raise CallError("index of untyped nil")
    for at in indexes:
        if item is NIL:
            raise CallError("index of nil pointer")
        if isinstance(item, str):
            item = _byte_at(item, at)
        elif isinstance(item, list):
            position = _position(at, len(item))
            if position == len(item):
                raise CallError("reflect: slice index out of range")
            item = NIL if item[position] is None else item[position]
        elif isinstance(item, (dict, LabelMap)):
            item = _entry(item, at)
        else:
            raise CallError(f"can't index item of type {type_name(item)}")
    return item


def _byte_at(item: str, at: Any) -> Uint8:
    data = to_bytes(item)
    position = _position(at, len(data))
    if position == len(data):
        raise CallError("reflect: string index out of range")
    return Uint8(data[position])


def _entry(item: dict[str, Any] | LabelMap, key: Any) -> Any:
    if key is None or key is NIL:
        raise CallError("value is nil; should be of type string")
    if not isinstance(key, str):
        raise CallError(f"value has type {type_name(key)}; should be string")
    if isinstance(item, LabelMap):
        return item.labels.get(key, "")
    value = item.get(key)
    return NIL if value is None else value


def _position(at: Any, length: int) -> int:
    """An index up to and including `length`, which ends a slice."""
    if at is None or at is NIL:
        raise CallError("cannot index slice/array with nil")
    if not (type(at) is int or isinstance(at, GoInt)):
        raise CallError(f"cannot index slice/array with type {type_name(at)}")
    if not 0 <= at <= length:
        raise CallError(f"index out of range: {int(at)}")
    return int(at)


def cut(item: Any, *indexes: Any) -> Any:
    """`slice x 1 2` is `x[1:2]`; of a string it counts bytes."""
    if item is None or item is NIL:
        raise CallError("slice of untyped nil")
    if len(indexes) > 3:
        raise CallError(f"too many slice indexes: {len(indexes)}")
    if not isinstance(item, (str, list)):
        raise CallError(f"can't slice item of type {type_name(item)}")
    if isinstance(item, str) and len(indexes) == 3:
        raise CallError("cannot 3-index slice a string")
    sequence = to_bytes(item) if isinstance(item, str) else item
    bounds = [0, len(sequence), len(sequence)]
    for place, at in enumerate(indexes):
        bounds[place] = _position(at, len(sequence))
    for low, high in zip(bounds, bounds[1:2] if len(indexes) < 3 else bounds[1:], strict=False):
        if low > high:
            raise CallError(f"invalid slice index: {low} > {high}")
    part = sequence[bounds[0] : bounds[1]]
    return from_bytes(part) if isinstance(part, bytes) else part


def length(item: Any) -> int:
    if item is NIL:
        raise CallError("len of nil pointer")
    if item is None:
        raise CallError("reflect: call of reflect.Value.Type on zero Value")
    if isinstance(item, str):
        return byte_length(item)
    if isinstance(item, (list, dict, LabelMap)):
        return len(item)
    raise CallError(f"len of type {type_name(item)}")


def call(callee: str | None, function: Any, *_: Any) -> Any:
    """No value here is a function. callee: as the template spells it; None when it is piped in."""
    if function is None or function is NIL:
        raise CallError("call of nil")
    if callee is None:
        callee = function if isinstance(function, str) else f"<{type_name(function)} Value>"
    raise CallError(f"non-function {callee} of type {type_name(function)}")


def _joined(values: tuple[Any, ...]) -> str:
    if len(values) == 1 and isinstance(values[0], str):
        return values[0]
    return sprint(tuple("<no value>" if value is None else value for value in values))


def html(*values: Any) -> str:
    return _HTML_SPECIAL.sub(lambda match: _HTML[match[0]], _joined(values))


def js(*values: Any) -> str:
    def escape(match: re.Match[str]) -> str:
        character = match[0]
        return _JS.get(character) or (character if character.isprintable() else f"\\u{ord(character):04X}")

    return _JS_SPECIAL.sub(escape, _joined(values))


def urlquery(*values: Any) -> str:
    return quote_plus(to_bytes(_joined(values)))


FUNCTIONS = by_name(
    (
        Function("and", (VALUE, VALUE), lambda *_: None, variadic=True),
        Function("or", (VALUE, VALUE), lambda *_: None, variadic=True),
        Function("not", (VALUE,), lambda value: not is_true(value)),
        Function("index", (VALUE, VALUE), index, variadic=True),
        Function("slice", (VALUE, VALUE), cut, variadic=True),
        Function("len", (VALUE,), length),
        Function("call", (VALUE, VALUE), call, variadic=True),
        Function("print", (ANY,), lambda *values: sprint(values), variadic=True),
        Function("printf", ("string", ANY), lambda template, *values: sprintf(template, values), variadic=True),
        Function("println", (ANY,), lambda *values: sprintln(values), variadic=True),
        Function("html", (ANY,), html, variadic=True),
        Function("js", (ANY,), js, variadic=True),
        Function("urlquery", (ANY,), urlquery, variadic=True),
    )
)
