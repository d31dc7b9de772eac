"""A compiled template: text with `{{ }}` once, then a line of output for each row."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lgtm.logql.gotemplate.execute import Run, compile_tree
from lgtm.logql.gotemplate.functions import FUNCTIONS
from lgtm.logql.gotemplate.functions.signature import Function
from lgtm.logql.gotemplate.kinds import valid_text
from lgtm.logql.gotemplate.parser import parse
from lgtm.logql.gotemplate.shape import fields, first_command
from lgtm.logql.gotemplate.state import State
from lgtm.logql.gotemplate.syntax import Action, FieldRef, Identifier, Node, Text, Tree

_LINE = "__line__"


@dataclass(slots=True, frozen=True)
class Field:
    """`{{.name}}`: the value of a label, "" where it is absent; or `{{__line__}}`."""

    name: str
    is_line: bool = False


@dataclass(slots=True, frozen=True)
class Template:
    """fields: labels it reads, None when it may read any. literal: all of its output when that is always the same. simple_parts: its
    output in order when it is nothing but text, labels and the line; such a template never fails but for the size of its output."""

    name: str
    text: str
    fields: frozenset[str] | None
    literal: str | None
    simple_parts: tuple[str | Field, ...] | None
    _tree: Tree = field(repr=False, compare=False)
    _run: Run = field(repr=False, compare=False)
    _now_ns: Callable[[], int] = field(repr=False, compare=False)

    def execute(self, labels: Mapping[str, str], *, line: str, ts_ns: int) -> str:
        """The output for a row. Raises TemplateError; never runs long, and never makes more than a bounded text."""
        if self.literal is not None:
            return self.literal
        state = State(self._tree, labels, line, ts_ns, self._now_ns)
        self._run(state, state.root)
        return valid_text("".join(state.pieces))


def compile_template(
    text: str, *, name: str = "line", functions: Mapping[str, Function] = FUNCTIONS, now_ns: Callable[[], int] = time.time_ns
) -> Template:
    """name: what errors call the template. now_ns: the time that `now` gives. Raises InvalidTemplate with Go's text."""
    tree = parse(text, name, functions)
    parts = _simple_parts(tree)
    literal = valid_text("".join(part for part in parts if isinstance(part, str))) if parts is not None and _is_text(parts) else None
    return Template(name, text, fields(tree), literal, parts, tree, compile_tree(tree, functions), now_ns)


def _is_text(parts: tuple[str | Field, ...]) -> bool:
    return all(isinstance(part, str) for part in parts)


def _simple_parts(tree: Tree) -> tuple[str | Field, ...] | None:
    parts: list[str | Field] = []
    for node in tree.body:
        part = _simple_part(node)
        if part is None:
            return None
        parts.append(part)
    return tuple(parts)


def _simple_part(node: Node) -> str | Field | None:
    if isinstance(node, Text):
        return node.text
    command = first_command(node.pipe) if isinstance(node, Action) else None
    if command is None or len(command.args) > 1:
        return None
    operand = command.args[0]
    if isinstance(operand, FieldRef) and len(operand.names) == 1:
        return Field(operand.names[0])
    return Field(_LINE, is_line=True) if isinstance(operand, Identifier) and operand.name == _LINE else None
