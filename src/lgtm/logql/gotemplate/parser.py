"""Tokens to a syntax tree, after the grammar of Go's text/template and with its complaints, which users read: `template: line:1: ...`."""

from __future__ import annotations

from collections.abc import Collection

from lgtm.logql.gotemplate import literals
from lgtm.logql.gotemplate.errors import InvalidTemplate
from lgtm.logql.gotemplate.lexer import LEFT, RIGHT, Kind, Token
from lgtm.logql.gotemplate.limits import TEMPLATE_LENGTH_MAX
from lgtm.logql.gotemplate.pipelines import STRINGS, PipelineParser
from lgtm.logql.gotemplate.syntax import Action, Body, Branch, Break, Continue, If, Invoke, Node, Range, Text, Tree, With


class _End:
    """`{{end}}`, or `{{else}}`: what stops a list of nodes."""

    def __init__(self, word: str) -> None:
        self.word = word

    def __str__(self) -> str:
        return f"{LEFT}{self.word}{RIGHT}"


def parse(text: str, name: str, functions: Collection[str]) -> Tree:
    """functions: the names that may be called. Raises InvalidTemplate."""
    if len(text) > TEMPLATE_LENGTH_MAX:
        raise InvalidTemplate(f"template: {name}: {len(text)} characters are more than {TEMPLATE_LENGTH_MAX}")
    return _Parser(text, name, functions).parse()


class _Parser(PipelineParser):
    def __init__(self, text: str, name: str, functions: Collection[str]) -> None:
        super().__init__(text, name, functions)
        self.text = text
        self.range_depth = 0
        self.defined: dict[str, Body] = {}

    def parse(self) -> Tree:
        nodes: list[Node] = []
        while self.peek().kind is not Kind.END_OF_TEXT:
            if self.peek().kind is Kind.LEFT_DELIM:
                delimiter = self.next()
                token = self.next_word()
                if (token.kind, token.value) == (Kind.KEYWORD, "define"):
                    self.definition()
                    continue
                self.push(token, delimiter)
            node = self.text_or_action()
            if isinstance(node, _End):
                self.fail(f"unexpected {node}")
            nodes.append(node)
        self.add(self.name, tuple(nodes))
        return Tree(self.text, self.name, self.defined[self.name], self.defined)

    def add(self, name: str, body: Body) -> None:
        """An empty definition gives way to another one."""
        present = self.defined.get(name)
        if present is None or _is_empty(present):
            self.defined[name] = body
        elif not _is_empty(body):
            self.fail(f"template: multiple definition of template {literals.quote(name)}")

    def definition(self) -> None:
        context = "define clause"
        name = self.unquote(self.expect(STRINGS, context))
        self.expect((Kind.RIGHT_DELIM,), context)
        self.add(name, self.separate_body(context))

    def separate_body(self, context: str) -> Body:
        """The body of a named template, which sees no variables and no loop from outside."""
        variables, range_depth = self.variables, self.range_depth
        self.variables, self.range_depth = ["$"], 0
        self.deeper()
        body, end = self.body()
        self.nesting -= 1
        if end.word != "end":
            self.fail(f"unexpected {end} in {context}")
        self.variables, self.range_depth = variables, range_depth
        return body

    def body(self) -> tuple[Body, _End]:
        """Nodes up to `{{end}}` or `{{else}}`."""
        nodes: list[Node] = []
        while self.peek_word().kind is not Kind.END_OF_TEXT:
            node = self.text_or_action()
            if isinstance(node, _End):
                return tuple(nodes), node
            nodes.append(node)
        self.fail("unexpected EOF")

    def text_or_action(self) -> Node | _End:
        token = self.next_word()
        if token.kind is Kind.TEXT:
            return Text(token.value)
        if token.kind is not Kind.LEFT_DELIM:
            self.unexpected(token, "input")
        self.action_line = token.line
        node = self.action()
        self.action_line = 0
        return node

    def action(self) -> Node | _End:
        token = self.next_word()
        if token.kind is Kind.KEYWORD:
            match token.value:
                case "block":
                    return self.block()
                case "break" | "continue":
                    return self.jump(token.value)
                case "else":
                    return self.otherwise()
                case "end":
                    self.expect((Kind.RIGHT_DELIM,), "end")
                    return _End("end")
                case "if":
                    return If(*self.branches("if"))
                case "with":
                    return With(*self.branches("with"))
                case "range":
                    return self.range()
                case "template":
                    return self.invoke()
        self.push(token)
        return Action(self.pipeline("command", Kind.RIGHT_DELIM))

    def jump(self, word: str) -> Node:
        token = self.next_word()
        if token.kind is not Kind.RIGHT_DELIM:
            self.unexpected(token, f"{LEFT}{word}{RIGHT}")
        if not self.range_depth:
            self.fail(f"{LEFT}{word}{RIGHT} outside {LEFT}range{RIGHT}")
        return Break() if word == "break" else Continue()

    def otherwise(self) -> _End:
        token = self.peek_word()
        if token.kind is not Kind.KEYWORD or token.value not in ("if", "with"):
            self.expect((Kind.RIGHT_DELIM,), "else")
        return _End("else")

    def branches(self, word: str) -> tuple[tuple[Branch, ...], Body]:
        """`if` and `with`, and their `else if` and `else with`, which share one `{{end}}`."""
        visible = len(self.variables)
        self.deeper()
        branches, otherwise = [], Body()
        while True:
            pipe = self.pipeline(word, Kind.RIGHT_DELIM)
            body, end = self.body()
            branches.append(Branch(pipe, body))
            if end.word == "end":
                break
            token = self.peek()
            if (token.kind, token.value) != (Kind.KEYWORD, word):
                otherwise = self.last_body()
                break
            self.next()
        self.nesting -= 1
        del self.variables[visible:]
        return tuple(branches), otherwise

    def range(self) -> Range:
        visible = len(self.variables)
        self.deeper()
        pipe = self.pipeline("range", Kind.RIGHT_DELIM)
        self.range_depth += 1
        body, end = self.body()
        self.range_depth -= 1
        otherwise = self.last_body() if end.word == "else" else ()
        self.nesting -= 1
        del self.variables[visible:]
        return Range(pipe, body, otherwise)

    def last_body(self) -> Body:
        body, end = self.body()
        if end.word != "end":
            self.fail(f"expected end; found {end}")
        return body

    def block(self) -> Invoke:
        context = "block clause"
        token = self.next_word()
        name = self.template_name(token, context)
        pipe = self.pipeline(context, Kind.RIGHT_DELIM)
        self.add(name, self.separate_body(context))
        return Invoke(token.pos, name, pipe)

    def invoke(self) -> Invoke:
        context = "template clause"
        token = self.next_word()
        name = self.template_name(token, context)
        after = self.next_word()
        if after.kind is Kind.RIGHT_DELIM:
            return Invoke(token.pos, name, None)
        self.push(after)
        return Invoke(token.pos, name, self.pipeline(context, Kind.RIGHT_DELIM))

    def template_name(self, token: Token, context: str) -> str:
        if token.kind not in STRINGS:
            self.unexpected(token, context)
        return self.unquote(token)


def _is_empty(body: Body) -> bool:
    return all(isinstance(node, Text) and not node.text.strip() for node in body)
