"""Pipelines: what stands inside an action, `$x := .a | trunc 3 | print (len .b)`."""

from __future__ import annotations

from collections.abc import Collection

from lgtm.logql.gotemplate import literals
from lgtm.logql.gotemplate.lexer import Kind, Token
from lgtm.logql.gotemplate.reader import TokenReader
from lgtm.logql.gotemplate.syntax import Bool, Chain, Command, Dot, FieldRef, Identifier, NilLiteral, NumberLiteral, Operand, Pipe, String, Variable

_OPERAND_STARTS = frozenset(
    (
        Kind.BOOL,
        Kind.CHARACTER,
        Kind.COMPLEX,
        Kind.DOT,
        Kind.FIELD,
        Kind.IDENTIFIER,
        Kind.NUMBER,
        Kind.NIL,
        Kind.RAW_STRING,
        Kind.STRING,
        Kind.VARIABLE,
        Kind.LEFT_PAREN,
    )
)
_NUMBERS = (Kind.CHARACTER, Kind.COMPLEX, Kind.NUMBER)
STRINGS = (Kind.STRING, Kind.RAW_STRING)
_NOT_EXECUTABLE = (Bool, Dot, NilLiteral, NumberLiteral, String)


class PipelineParser(TokenReader):
    """functions: the names that may be called. `variables` are those declared so far."""

    def __init__(self, text: str, name: str, functions: Collection[str]) -> None:
        super().__init__(text, name)
        self.functions = functions
        self.variables = ["$"]

    def pipeline(self, context: str, end: Kind) -> Pipe:
        pos = self.peek_word().pos
        declared, is_assign = self.declaration(context)
        commands: list[Command] = []
        while True:
            token = self.next_word()
            if token.kind is end:
                break
            if token.kind not in _OPERAND_STARTS:
                self.unexpected(token, context)
            self.push(token)
            commands.append(self.command())
        if not commands:
            self.fail(f"missing value for {context}")
        for stage, command in enumerate(commands[1:], start=2):
            if isinstance(command.args[0], _NOT_EXECUTABLE):
                self.fail(f"non executable command in pipeline stage {stage}")
        return Pipe(pos, tuple(commands), declared, is_assign)

    def declaration(self, context: str) -> tuple[tuple[Variable, ...], bool]:
        """`$x :=`, `$x =`, or `$i, $x :=` in front of a range; whether it assigns."""
        declared: list[Variable] = []
        while (token := self.peek_word()).kind is Kind.VARIABLE:
            variable = self.next_word()
            adjacent = self.next()
            follower = self.next_word() if adjacent.kind is Kind.SPACE else adjacent
            is_comma = (follower.kind, follower.value) == (Kind.CHAR, ",")
            if not is_comma and follower.kind not in (Kind.ASSIGN, Kind.DECLARE):
                self.push(follower, *((adjacent,) if adjacent.kind is Kind.SPACE else ()), variable)
                break
            declared.append(Variable(token.pos, token.value))
            self.variables.append(token.value)
            if not is_comma:
                return tuple(declared), follower.kind is Kind.ASSIGN
            if context != "range" or len(declared) > 1:
                self.fail(f"too many declarations in {context}")
            if self.peek_word().kind not in (Kind.VARIABLE, Kind.RIGHT_DELIM, Kind.RIGHT_PAREN):
                self.fail("range can only initialize variables")
        return tuple(declared), False

    def command(self) -> Command:
        pos = self.peek_word().pos
        args: list[Operand] = []
        while True:
            self.peek_word()
            operand = self.operand()
            if operand is not None:
                args.append(operand)
            token = self.next()
            if token.kind is Kind.SPACE:
                continue
            if token.kind in (Kind.RIGHT_DELIM, Kind.RIGHT_PAREN):
                self.push(token)
            elif token.kind is not Kind.PIPE:
                self.unexpected(token, "operand")
            break
        if not args:
            self.fail("empty command")
        return Command(pos, tuple(args))

    def operand(self) -> Operand | None:
        """A term with the fields chained to it; None when the next token starts none."""
        node = self.term()
        if node is None or self.peek().kind is not Kind.FIELD:
            return node
        pos = self.peek().pos
        names: list[str] = []
        while self.peek().kind is Kind.FIELD:
            names.append(self.next().value[1:])
        if isinstance(node, FieldRef):
            return FieldRef(pos, (*node.names, *names))
        if isinstance(node, Variable):
            return Variable(pos, node.name, (*node.names, *names))
        if isinstance(node, _NOT_EXECUTABLE):
            self.fail(f"unexpected . after term {literals.quote(str(node))}")
        return Chain(pos, node, tuple(names))

    def term(self) -> Operand | None:
        token = self.next_word()
        kind, pos, value = token.kind, token.pos, token.value
        if kind is Kind.IDENTIFIER:
            if value not in self.functions:
                self.fail(f"function {literals.quote(value)} not defined")
            return Identifier(pos, value)
        if kind is Kind.FIELD:
            return FieldRef(pos, (value[1:],))
        if kind is Kind.VARIABLE:
            if value not in self.variables:
                self.fail(f"undefined variable {literals.quote(value)}")
            return Variable(pos, value)
        if kind is Kind.LEFT_PAREN:
            return self.parenthesized()
        literal = self.literal(token)
        if literal is None:
            self.push(token)
        return literal

    def parenthesized(self) -> Pipe:
        self.deeper()
        pipe = self.pipeline("parenthesized pipeline", Kind.RIGHT_PAREN)
        self.nesting -= 1
        return pipe

    def literal(self, token: Token) -> Operand | None:
        if token.kind is Kind.DOT:
            return Dot(token.pos)
        if token.kind is Kind.NIL:
            return NilLiteral(token.pos)
        if token.kind is Kind.BOOL:
            return Bool(token.pos, token.value == "true")
        if token.kind in STRINGS:
            return String(token.pos, token.value, self.unquote(token))
        if token.kind in _NUMBERS:
            read = literals.character if token.kind is Kind.CHARACTER else literals.number
            try:
                return NumberLiteral(token.pos, read(token.value))
            except ValueError as error:
                self.fail(str(error))
        return None
