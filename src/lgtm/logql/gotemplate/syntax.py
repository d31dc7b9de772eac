"""The syntax tree of a template. Each node knows where it starts, and prints as Go prints it in the errors of an execution."""

from __future__ import annotations

from dataclasses import dataclass, field

from lgtm.logql.gotemplate.literals import Number, quote


@dataclass(slots=True, frozen=True)
class Dot:
    pos: int

    def __str__(self) -> str:
        return "."


@dataclass(slots=True, frozen=True)
class NilLiteral:
    pos: int

    def __str__(self) -> str:
        return "nil"


@dataclass(slots=True, frozen=True)
class Bool:
    pos: int
    value: bool

    def __str__(self) -> str:
        return "true" if self.value else "false"


@dataclass(slots=True, frozen=True)
class NumberLiteral:
    pos: int
    value: Number

    def __str__(self) -> str:
        return self.value.text


@dataclass(slots=True, frozen=True)
class String:
    """quoted: as it was written, with its quotes."""

    pos: int
    quoted: str
    value: str

    def __str__(self) -> str:
        return self.quoted


@dataclass(slots=True, frozen=True)
class FieldRef:
    """`.a.b`; pos is that of the last chained part, as Go counts."""

    pos: int
    names: tuple[str, ...]

    def __str__(self) -> str:
        return "".join("." + name for name in self.names)


@dataclass(slots=True, frozen=True)
class Variable:
    """`$x`, or `$x.a.b` with the fields in `names`."""

    pos: int
    name: str
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        return ".".join((self.name, *self.names))


@dataclass(slots=True, frozen=True)
class Identifier:
    """The name of a function."""

    pos: int
    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(slots=True, frozen=True)
class Chain:
    """`(pipeline).a` or `function.a`."""

    pos: int
    node: Operand
    names: tuple[str, ...]

    def __str__(self) -> str:
        return _argument(self.node) + "".join("." + name for name in self.names)


@dataclass(slots=True, frozen=True)
class Command:
    pos: int
    args: tuple[Operand, ...]

    def __str__(self) -> str:
        return " ".join(_argument(arg) for arg in self.args)


@dataclass(slots=True, frozen=True)
class Pipe:
    """`$a, $b := command | command`."""

    pos: int
    commands: tuple[Command, ...]
    declared: tuple[Variable, ...] = ()
    is_assign: bool = False

    def __str__(self) -> str:
        names = ", ".join(str(variable) for variable in self.declared)
        declaration = f"{names} {'=' if self.is_assign else ':='} " if names else ""
        return declaration + " | ".join(str(command) for command in self.commands)


Operand = Dot | NilLiteral | Bool | NumberLiteral | String | FieldRef | Variable | Identifier | Chain | Pipe
Literal = NilLiteral | Bool | NumberLiteral | String


def _argument(node: Operand) -> str:
    return f"({node})" if isinstance(node, Pipe) else str(node)


@dataclass(slots=True, frozen=True)
class Text:
    text: str


@dataclass(slots=True, frozen=True)
class Action:
    pipe: Pipe


@dataclass(slots=True, frozen=True)
class Branch:
    """`if` or `with`: a pipeline and what follows when it is true."""

    pipe: Pipe
    body: tuple[Node, ...]


@dataclass(slots=True, frozen=True)
class If:
    """`{{if}} {{else if}} {{else}} {{end}}`: the branches are tried in order."""

    branches: tuple[Branch, ...]
    otherwise: tuple[Node, ...]


@dataclass(slots=True, frozen=True)
class With:
    branches: tuple[Branch, ...]
    otherwise: tuple[Node, ...]


@dataclass(slots=True, frozen=True)
class Range:
    pipe: Pipe
    body: tuple[Node, ...]
    otherwise: tuple[Node, ...]


@dataclass(slots=True, frozen=True)
class Break:
    pass


@dataclass(slots=True, frozen=True)
class Continue:
    pass


@dataclass(slots=True, frozen=True)
class Invoke:
    """`{{template "name" pipeline}}`."""

    pos: int
    name: str
    pipe: Pipe | None

    def __str__(self) -> str:
        return f"{{{{template {quote(self.name)}{f' {self.pipe}' if self.pipe else ''}}}}}"


Node = Text | Action | If | With | Range | Break | Continue | Invoke
Body = tuple[Node, ...]


@dataclass(slots=True, frozen=True)
class Tree:
    """The nodes of the template itself, and of those it defines by name."""

    text: str
    name: str
    body: Body
    defined: dict[str, Body] = field(default_factory=dict)

    def location(self, pos: int) -> str:
        """`line:1:3`: the name, the line from 1, the byte in the line from 0."""
        begin = self.text.rfind("\n", 0, pos) + 1
        column = len(self.text[begin:pos].encode("utf-8", "surrogateescape"))
        return f"{self.name}:{self.text.count(chr(10), 0, pos) + 1}:{column}"
