"""Compiles pipelines to closures. The order of evaluation, and which node is looked at last when something fails, are those of Go's
text/template: errors name that node."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from lgtm.logql.gotemplate.calls import Command, Value, arity_complaint, checked, constant, invocation, literal_value, parameter, short_circuit
from lgtm.logql.gotemplate.errors import CallError
from lgtm.logql.gotemplate.functions.methods import METHODS
from lgtm.logql.gotemplate.functions.signature import ANY, VALUE, Function
from lgtm.logql.gotemplate.kinds import NIL, LabelMap, type_name
from lgtm.logql.gotemplate.state import State
from lgtm.logql.gotemplate.syntax import Bool, Chain, Dot, FieldRef, Identifier, NilLiteral, NumberLiteral, Operand, Pipe, String, Variable
from lgtm.logql.gotemplate.syntax import Command as CommandNode

Access = Callable[[State, Any, Any, Any], Any]
"""(state, dot, receiver, final) to the field of the receiver."""

_TAKES_STRINGS = ("string", ANY, VALUE)


class ExpressionCompiler:
    """dot_is_root: whether `.` is the labels where compiling stands, so that a field is one lookup."""

    def __init__(self, functions: Mapping[str, Function]) -> None:
        self.functions = functions
        self.dot_is_root = True

    def pipeline(self, pipe: Pipe) -> Value:
        """Evaluates, and declares or assigns the variables."""
        first = self.command(pipe.commands[0], has_final=False)
        rest = tuple(self.command(command, has_final=True) for command in pipe.commands[1:])

        def run(state: State, dot: Any) -> Any:
            state.node = pipe
            value = first(state, dot, None)
            for command in rest:
                value = command(state, dot, None if value is NIL else value)
            return None if value is NIL else value

        return self._declaring(pipe, run) if pipe.declared else run

    def _declaring(self, pipe: Pipe, evaluate: Value) -> Value:
        names = tuple(variable.name for variable in pipe.declared)

        def run(state: State, dot: Any) -> Any:
            value = evaluate(state, dot)
            for name in names:
                if pipe.is_assign:
                    state.assign(name, value)
                else:
                    state.declare(name, value)
            return value

        return run

    def command(self, node: CommandNode, *, has_final: bool) -> Command:
        first, args = node.args[0], node.args[1:]
        if isinstance(first, Identifier):
            return self.call(first, node, args, has_final)
        if isinstance(first, FieldRef):
            return self.field_command(first, args, has_final)
        if isinstance(first, Chain):
            return self.chain(first, args, has_final)
        if isinstance(first, Variable):
            return self.variable_command(first, args, has_final)
        complaint = f"can't give argument to non-function {first}" if args or has_final else None
        if isinstance(first, Pipe):
            return self.nested(first, complaint)
        return _literal_command(first, complaint)

    def nested(self, pipe: Pipe, complaint: str | None) -> Command:
        evaluate = self.pipeline(pipe)

        def run(state: State, dot: Any, _: Any) -> Any:
            if complaint:
                state.fail(complaint)
            return evaluate(state, dot)

        return run

    def field_command(self, node: FieldRef, args: tuple[Operand, ...], has_final: bool) -> Command:
        if self.dot_is_root and len(node.names) == 1 and not args and not has_final:
            name = node.names[0]

            def look_up(state: State, _dot: Any, _final: Any) -> Any:
                state.node = node
                return state.get(name, "")

            return look_up
        access = self.access(node, node.names, args, has_final)

        def run(state: State, dot: Any, final: Any) -> Any:
            state.node = node
            return access(state, dot, dot, final)

        return run

    def variable_command(self, node: Variable, args: tuple[Operand, ...], has_final: bool) -> Command:
        name = node.name
        access = self.access(node, node.names, args, has_final) if node.names else None
        complaint = f"can't give argument to non-function {node}" if (args or has_final) and not node.names else None

        def run(state: State, dot: Any, final: Any) -> Any:
            state.node = node
            value = state.variable(name)
            if access is not None:
                return access(state, dot, value, final)
            if complaint:
                state.fail(complaint)
            return value

        return run

    def chain(self, node: Chain, args: tuple[Operand, ...], has_final: bool) -> Command:
        receiver = self.operand(node.node)
        access = self.access(node, node.names, args, has_final)

        def run(state: State, dot: Any, final: Any) -> Any:
            state.node = node
            return access(state, dot, receiver(state, dot), final)

        return run

    def operand(self, node: Operand) -> Value:
        """A node without arguments of its own, that is no literal."""
        if isinstance(node, Dot):

            def look(state: State, dot: Any) -> Any:
                state.node = node
                return dot

            return look
        if isinstance(node, Pipe):
            return self.pipeline(node)
        command: Command
        if isinstance(node, FieldRef):
            command = self.field_command(node, (), False)
        elif isinstance(node, Variable):
            command = self.variable_command(node, (), False)
        elif isinstance(node, Chain):
            command = self.chain(node, (), False)
        else:
            assert isinstance(node, Identifier)
            command = self.call(node, node, (), False)
        return lambda state, dot: command(state, dot, None)

    def argument(self, node: Operand, param: str) -> Value:
        if isinstance(node, (NilLiteral, Bool, NumberLiteral, String)):
            return literal_value(node, param)
        if self.dot_is_root and isinstance(node, FieldRef) and len(node.names) == 1 and param in _TAKES_STRINGS:
            name = node.names[0]

            def look_up(state: State, _: Any) -> Any:
                state.node = node
                return state.get(name, "")

            return look_up
        evaluate = self.operand(node)
        return lambda state, dot: checked(state, evaluate(state, dot), param)

    def call(self, identifier: Identifier, node: CommandNode | Identifier, args: tuple[Operand, ...], has_final: bool) -> Command:
        name = identifier.name
        function = self.functions[name]
        complaint = arity_complaint(function, name, len(args), has_final)
        if complaint is not None:
            return _failing(identifier, complaint)
        values = tuple(self.argument(arg, parameter(function, place)) for place, arg in enumerate(args))
        if name in ("and", "or"):
            return short_circuit(name == "or", identifier, values, has_final)
        if name == "call":
            function = replace(function, call=partial(function.call, str(args[0]) if args else None))
        return invocation(function, name, node, values, has_final, at=identifier)

    def access(self, node: FieldRef | Variable | Chain, names: tuple[str, ...], args: tuple[Operand, ...], has_final: bool) -> Access:
        """`.a.b.c`; what the last name means takes the arguments."""
        last = self.field(node, names[-1], args, has_final)
        inner = tuple(self.field(node, name, (), False) for name in names[:-1])

        def run(state: State, dot: Any, receiver: Any, final: Any) -> Any:
            holder = None
            for field in inner:
                holder, receiver = receiver, field(state, dot, receiver, None, holder)
            return last(state, dot, receiver, final, holder)

        return run

    def field(self, node: FieldRef | Variable | Chain, name: str, args: tuple[Operand, ...], has_final: bool) -> Callable[..., Any]:
        """(state, dot, receiver, final, holder) to the field of the receiver. holder: what the receiver was a field of."""
        has_args = bool(args) or has_final
        calls = {cls: self.method(methods[name], node, args, has_final) for cls, methods in METHODS.items() if name in methods}

        def run(state: State, dot: Any, receiver: Any, final: Any, holder: Any) -> Any:
            if receiver is None:
                return None
            if receiver is NIL:
                state.fail(f"nil pointer evaluating interface {{}}.{name}")
            cls = type(receiver)
            call = calls.get(cls)
            if call is not None:
                return call(state, dot, final, receiver)
            if cls is not LabelMap and cls is not dict:
                # What a map made of JSON holds has this type, whatever it is.
                shown = "interface {}" if isinstance(holder, dict) else type_name(receiver)
                state.fail(f"can't evaluate field {name} in type {shown}")
            if has_args:
                state.fail(f"{name} is not a method but has arguments")
            if cls is LabelMap:
                return receiver.labels.get(name, "")
            value = receiver.get(name)
            return NIL if value is None else value

        return run

    def method(self, method: Function, node: FieldRef | Variable | Chain, args: tuple[Operand, ...], has_final: bool) -> Callable[..., Any]:
        complaint = arity_complaint(method, method.name, len(args), has_final)
        if complaint is not None:
            return _failing(None, complaint)
        values = tuple(self.argument(arg, parameter(method, place)) for place, arg in enumerate(args))
        return invocation(method, method.name, node, values, has_final)


def _failing(node: Identifier | None, complaint: str) -> Callable[..., Any]:
    def run(state: State, *_: Any) -> Any:
        if node is not None:
            state.node = node
        state.fail(complaint)

    return run


def _literal_command(node: Dot | NilLiteral | Bool | NumberLiteral | String, complaint: str | None) -> Command:
    value: Any = None
    if isinstance(node, NilLiteral):
        complaint = complaint or "nil is not a command"
    elif not isinstance(node, Dot):
        try:
            value = constant(node)
        except CallError as error:
            complaint = complaint or str(error)
    is_dot = isinstance(node, Dot)

    def run(state: State, dot: Any, _: Any) -> Any:
        state.node = node
        if complaint:
            state.fail(complaint)
        return dot if is_dot else value

    return run
