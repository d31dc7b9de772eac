"""Compiles operands and calls: arguments are checked against the types of the parameters as Go checks them, then the function runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lgtm.logql.gotemplate.errors import CallError
from lgtm.logql.gotemplate.functions.signature import ANY, VALUE, Function
from lgtm.logql.gotemplate.gotime import Duration, Time
from lgtm.logql.gotemplate.kinds import NIL, is_true, type_name
from lgtm.logql.gotemplate.limits import VALUE_LENGTH_MAX
from lgtm.logql.gotemplate.literals import Number
from lgtm.logql.gotemplate.state import Located, State
from lgtm.logql.gotemplate.syntax import Bool, Literal, NilLiteral, NumberLiteral, String

Value = Callable[[State, Any], Any]
"""(state, dot) to a value."""

Command = Callable[[State, Any, Any], Any]
"""(state, dot, final) to a value. final: what the command before gave; ignored where there is none."""

CLASSES: dict[str, type] = {"string": str, "int": int, "float64": float, "time.Time": Time, "time.Duration": Duration}
_FREE_LENGTH = 256


def checked(state: State, value: Any, param: str) -> Any:
    """`value` as an argument for a parameter."""
    cls = CLASSES.get(param)
    if cls is None:
        return None if value is NIL and param == ANY else value
    if type(value) is cls:
        return value
    if value is None:
        state.fail(f"invalid value; expected {param}")
    state.fail(f"wrong type for value; expected {param}; got {type_name(value)}")


def constant(node: Literal) -> Any:
    """A literal where any type will do. Raises CallError."""
    if isinstance(node, NilLiteral):
        return None
    if isinstance(node, (Bool, String)):
        return node.value
    return _ideal(node.value)


def _ideal(number: Number) -> Any:
    """The syntax of a number tells its type."""
    if number.complex is not None:
        return number.complex
    text = number.text
    is_hexadecimal = text[:2] in ("0x", "0X") and len(text) > 2 and not any(c in "pP" for c in text)
    if number.real is not None and not is_hexadecimal and text[0] != "'" and any(c in ".eEpP" for c in text):
        return number.real
    if number.integer is None:
        raise CallError(f"{text} overflows int")
    return number.integer


def literal_argument(node: Literal, param: str) -> Any:
    """A literal as an argument. Raises CallError with Go's text where the type does not fit."""
    if param in (ANY, VALUE):
        return constant(node)
    if isinstance(node, NilLiteral):
        raise CallError(f"cannot assign nil to {param}")
    if param == "string":
        if isinstance(node, String):
            return node.value
        raise CallError(f"expected string; found {node}")
    number = node.value if isinstance(node, NumberLiteral) else None
    if param in ("int", "time.Duration"):
        if number is not None and number.integer is not None:
            return CLASSES[param](number.integer)
        raise CallError(f"expected integer; found {node}")
    if param == "float64":
        if number is not None and number.real is not None:
            return number.real
        raise CallError(f"expected float; found {node}")
    raise CallError(f"can't handle {node} for arg of type {param}")


def literal_value(node: Literal, param: str) -> Value:
    """The literal, or its failure when it is met."""
    try:
        value = literal_argument(node, param)
    except CallError as error:
        reason = str(error)

        def fail(state: State, _: Any) -> Any:
            state.node = node
            state.fail(reason)

        return fail

    def run(state: State, _: Any) -> Any:
        state.node = node
        return value

    return run


def parameter(function: Function, place: int) -> str:
    """The type of the argument at `place`."""
    return function.params[min(place, len(function.params) - 1)]


def arity_complaint(function: Function, name: str, given: int, has_final: bool) -> str | None:
    wanted, count = len(function.params), given + has_final
    if function.variadic:
        return f"wrong number of args for {name}: want at least {wanted - 1} got {given}" if count < wanted - 1 else None
    return f"wrong number of args for {name}: want {wanted} got {count}" if count != wanted else None


def invocation(
    function: Function, name: str, node: Located, args: tuple[Value, ...], has_final: bool, at: Located | None = None
) -> Callable[..., Any]:
    """A call: (state, dot, final, *receiver) to the result. node: what a failure of the function names; at: what is looked at first."""
    call, contextual = function.call, function.contextual
    final_type = parameter(function, len(args)) if has_final else ANY

    def run(state: State, dot: Any, final: Any, *receiver: Any) -> Any:
        if at is not None:
            state.node = at
        values = [arg(state, dot) for arg in args]
        if has_final:
            values.append(checked(state, final, final_type))
        for value in values:
            if type(value) is str and len(value) > _FREE_LENGTH:
                state.charge(len(value) >> 8)
        try:
            result = call(state, *values) if contextual else call(*receiver, *values)
        except CallError as error:
            state.node = node
            state.fail(f"error calling {name}: {error}")
        return _bounded(state, result) if type(result) in (str, list) else result

    return run


def _bounded(state: State, result: Any) -> Any:
    if len(result) > _FREE_LENGTH:
        state.charge(len(result) >> 8)
        if len(result) > VALUE_LENGTH_MAX:
            state.fail(f"text of more than {VALUE_LENGTH_MAX} characters")
    return result


def short_circuit(stops_at: bool, at: Located, args: tuple[Value, ...], has_final: bool) -> Command:
    """`and` (stops at the first that is false) and `or` (at the first that is true); the last argument otherwise."""

    def run(state: State, dot: Any, final: Any) -> Any:
        state.node = at
        value = None
        for arg in args:
            value = arg(state, dot)
            if is_true(value) == stops_at:
                return value
        return final if has_final else value

    return run
