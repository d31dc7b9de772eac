"""What can be told of a template without executing it: its size, and which labels it reads."""

from __future__ import annotations

from collections.abc import Iterator

from lgtm.logql.gotemplate.syntax import Action, Body, Chain, Command, Dot, FieldRef, If, Invoke, Node, Operand, Pipe, Range, Tree, Variable, With


def weight(body: Body) -> int:
    """Nodes that one execution of `body` may look at, without the bodies of the loops in it."""
    return sum(_node_weight(node) for node in body)


def _node_weight(node: Node) -> int:
    bodies = [weight(body) for body in _bodies(node)] if not isinstance(node, Range) else [weight(node.otherwise)]
    return 1 + sum(bodies) + sum(_pipe_weight(pipe) for pipe in _pipes(node))


def _pipe_weight(pipe: Pipe) -> int:
    return sum(1 for _ in _operands(pipe))


def height(body: Body) -> int:
    """Levels of control structures and parentheses."""
    levels = 0
    for node in body:
        inner = max((height(each) for each in _bodies(node)), default=-1) + 1
        levels = max(levels, inner, *(_pipe_height(pipe) for pipe in _pipes(node)), 0)
    return levels


def _pipe_height(pipe: Pipe) -> int:
    inner = (arg.node if isinstance(arg, Chain) else arg for command in pipe.commands for arg in command.args)
    return max((_pipe_height(arg) + 1 for arg in inner if isinstance(arg, Pipe)), default=0)


def _bodies(node: Node) -> tuple[Body, ...]:
    if isinstance(node, (If, With)):
        return (*(branch.body for branch in node.branches), node.otherwise)
    return (node.body, node.otherwise) if isinstance(node, Range) else ()


def _pipes(node: Node) -> tuple[Pipe, ...]:
    if isinstance(node, (If, With)):
        return tuple(branch.pipe for branch in node.branches)
    if isinstance(node, (Action, Range)):
        return (node.pipe,)
    return (node.pipe,) if isinstance(node, Invoke) and node.pipe else ()


def _operands(pipe: Pipe) -> Iterator[Operand]:
    for command in pipe.commands:
        for arg in command.args:
            yield arg
            inner = arg.node if isinstance(arg, Chain) else arg
            if isinstance(inner, Pipe):
                yield from _operands(inner)
            elif inner is not arg:
                yield inner


def fields(tree: Tree) -> frozenset[str] | None:
    """Labels that the template may read; None when it may read any: where it hands all of them on, as `.` or `$`."""
    found: set[str] = set()
    return frozenset(found) if _collect(tree.body, True, found) else None


def _collect(body: Body, dot_is_root: bool, found: set[str]) -> bool:
    """Whether all reads are known. Named templates get what they read from the pipeline of their invocation."""
    for node in body:
        if not all(_collect_pipe(pipe, dot_is_root, found) for pipe in _pipes(node)):
            return False
        inner_root = dot_is_root and isinstance(node, If)
        *inner, otherwise = _bodies(node) or ((),)
        if not all(_collect(each, inner_root, found) for each in inner) or not _collect(otherwise, dot_is_root, found):
            return False
    return True


def _collect_pipe(pipe: Pipe, dot_is_root: bool, found: set[str]) -> bool:
    if pipe.is_assign and any(variable.name == "$" for variable in pipe.declared):
        return False
    for operand in _operands(pipe):
        if isinstance(operand, FieldRef) and dot_is_root:
            found.add(operand.names[0])
        elif isinstance(operand, Variable) and operand.name == "$":
            if not operand.names:
                return False
            found.add(operand.names[0])
        elif isinstance(operand, Dot) and dot_is_root:
            return False
    return True


def first_command(pipe: Pipe) -> Command | None:
    """The command of a pipeline that is nothing else."""
    return pipe.commands[0] if len(pipe.commands) == 1 and not pipe.declared else None
