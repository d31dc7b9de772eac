"""Compiles a syntax tree to closures, once: an execution then is nothing but calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from lgtm.logql.gotemplate.calls import Value
from lgtm.logql.gotemplate.errors import CallError
from lgtm.logql.gotemplate.expressions import ExpressionCompiler
from lgtm.logql.gotemplate.functions.signature import Function
from lgtm.logql.gotemplate.kinds import NIL, GoInt, LabelMap, is_true
from lgtm.logql.gotemplate.limits import INVOCATION_DEPTH_MAX
from lgtm.logql.gotemplate.literals import quote
from lgtm.logql.gotemplate.printing import text
from lgtm.logql.gotemplate.shape import height, weight
from lgtm.logql.gotemplate.state import State
from lgtm.logql.gotemplate.syntax import Action, Body, Break, If, Invoke, Node, Pipe, Range, Text, Tree, With

Run = Callable[[State, Any], None]
"""(state, dot): executes a node, or nodes."""


class _Leave(Exception):
    """`{{break}}`."""


class _GoOn(Exception):
    """`{{continue}}`."""


def compile_tree(tree: Tree, functions: Mapping[str, Function]) -> Run:
    """What executes the template itself. The closures may be used by any number of executions."""
    return _Compiler(tree, functions).run()


class _Compiler(ExpressionCompiler):
    def __init__(self, tree: Tree, functions: Mapping[str, Function]) -> None:
        super().__init__(functions)
        self.tree = tree
        self.defined: dict[str, tuple[Run, int, int]] = {}
        """By name: what runs a named template, what it costs and how deep it nests."""

    def run(self) -> Run:
        main = self.body(self.tree.body)
        self.dot_is_root = False
        for name, body in self.tree.defined.items():
            self.defined[name] = self.body(body), weight(body) + 1, height(body) + 1
        return main

    def body(self, nodes: Body) -> Run:
        runs = tuple(self.node(node) for node in nodes)
        if len(runs) == 1:
            return runs[0]

        def run(state: State, dot: Any) -> None:
            for execute in runs:
                execute(state, dot)

        return run

    def inner_body(self, nodes: Body) -> Run:
        """A body with a `.` of its own."""
        outer, self.dot_is_root = self.dot_is_root, False
        run = self.body(nodes)
        self.dot_is_root = outer
        return run

    def node(self, node: Node) -> Run:
        if isinstance(node, Text):
            shown = node.text
            return lambda state, _: state.write(shown)
        if isinstance(node, Action):
            return self.action(node.pipe)
        if isinstance(node, If):
            return self.branching(tuple((self.pipeline(b.pipe), self.body(b.body)) for b in node.branches), node.otherwise, sets_dot=False)
        if isinstance(node, With):
            branches = tuple((self.pipeline(b.pipe), self.inner_body(b.body)) for b in node.branches)
            return self.branching(branches, node.otherwise, sets_dot=True)
        if isinstance(node, Range):
            return self.range(node)
        if isinstance(node, Invoke):
            return self.invoke(node)
        return _leave if isinstance(node, Break) else _go_on

    def action(self, pipe: Pipe) -> Run:
        evaluate = self.pipeline(pipe)
        if pipe.declared:
            return evaluate

        def run(state: State, dot: Any) -> None:
            value = evaluate(state, dot)
            if type(value) is not str:
                state.node = pipe
                try:
                    value = text(value)
                except CallError as error:
                    state.fail(str(error))
            state.write(value)

        return run

    def branching(self, branches: tuple[tuple[Value, Run], ...], nodes: Body, *, sets_dot: bool) -> Run:
        otherwise = self.body(nodes)

        def run(state: State, dot: Any) -> None:
            outside = len(state.order)
            for condition, body in branches:
                value = condition(state, dot)
                if is_true(value):
                    body(state, value if sets_dot else dot)
                    break
            else:
                otherwise(state, dot)
            state.forget(outside)

        return run

    def range(self, node: Range) -> Run:
        evaluate, body, otherwise = self.pipeline(node.pipe), self.inner_body(node.body), self.body(node.otherwise)
        cost = weight(node.body) + 1
        bind = _binding(node.pipe)

        def run(state: State, dot: Any) -> None:
            outside = len(state.order)
            value = evaluate(state, dot)
            declared = len(state.order)
            is_empty = True
            try:
                for index, element in _elements(state, value, len(node.pipe.declared)):
                    is_empty = False
                    state.charge(cost)
                    bind(state, index, element)
                    with suppress(_GoOn):
                        body(state, element)
                    state.forget(declared)
            except _Leave:
                pass
            if is_empty:
                otherwise(state, dot)
            state.forget(outside)

        return run

    def invoke(self, node: Invoke) -> Run:
        name, defined = node.name, self.defined
        evaluate = self.pipeline(node.pipe) if node.pipe else None

        def run(state: State, dot: Any) -> None:
            state.node = node
            if name not in defined:
                state.fail(f"template {quote(name)} not defined")
            body, cost, levels = defined[name]
            state.charge(cost)
            state.depth += levels
            if state.depth > INVOCATION_DEPTH_MAX:
                state.fail(f"exceeded maximum template depth ({INVOCATION_DEPTH_MAX})")
            inner_dot = evaluate(state, dot) if evaluate else None
            outer = state.variables, state.order, state.template_name
            state.variables, state.order, state.template_name = {"$": [inner_dot]}, [], name
            body(state, inner_dot)
            state.variables, state.order, state.template_name = outer
            state.depth -= levels

        return run


def _leave(_state: State, _dot: Any) -> None:
    raise _Leave


def _go_on(_state: State, _dot: Any) -> None:
    raise _GoOn


def _binding(pipe: Pipe) -> Callable[[State, Any, Any], None]:
    """Sets the variables of a range: the element, or its index and the element."""
    names = tuple(variable.name for variable in pipe.declared)

    def bind(state: State, index: Any, element: Any) -> None:
        for name, value in zip(reversed(names), (element, index), strict=False):
            if pipe.is_assign:
                state.assign(name, value)
            else:
                state.variables[name][-1] = value

    return bind


def _elements(state: State, value: Any, declared: int) -> Iterable[tuple[Any, Any]]:
    if value is None:
        return ()
    if isinstance(value, list):
        return ((index, NIL if element is None else element) for index, element in enumerate(value))
    if isinstance(value, LabelMap):
        return value.items()
    if isinstance(value, dict):
        state.charge(len(value) >> 4)
        return ((key, NIL if element is None else element) for key, element in sorted(value.items(), key=lambda item: item[0]))
    cls = type(value)
    if cls is int or issubclass(cls, GoInt):
        if declared > 1:
            state.fail(f"can't use {text(value)} to iterate over more than one variable")
        return ((None, cls(index)) for index in range(int(value)))
    try:
        shown = text(value)
    except CallError as error:
        shown = str(error)
    state.fail(f"range can't iterate over {shown}")
