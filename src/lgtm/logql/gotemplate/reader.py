"""The tokens of a template with lookahead, and the words of Go's parser for what it does not like."""

from __future__ import annotations

from typing import NoReturn

from lgtm.logql.gotemplate import literals
from lgtm.logql.gotemplate.errors import InvalidTemplate
from lgtm.logql.gotemplate.lexer import Kind, Token, tokens
from lgtm.logql.gotemplate.limits import NESTING_MAX


class TokenReader:
    """Raises InvalidTemplate, which names the line of the token read last."""

    def __init__(self, text: str, name: str) -> None:
        self.name = name
        self.tokens = tokens(text)
        self.latest = Token(Kind.TEXT, 0, 1, "")
        self.pushed: list[Token] = []
        self.nesting = 0
        self.action_line = 0
        """The line that the action being read starts on; 0 outside."""

    def next(self) -> Token:
        if self.pushed:
            return self.pushed.pop()
        self.latest = next(self.tokens, self.latest)
        return self.latest

    def push(self, *given_back: Token) -> None:
        """The last one is met first."""
        self.pushed.extend(given_back)

    def peek(self) -> Token:
        token = self.next()
        self.push(token)
        return token

    def next_word(self) -> Token:
        while (token := self.next()).kind is Kind.SPACE:
            pass
        return token

    def peek_word(self) -> Token:
        token = self.next_word()
        self.push(token)
        return token

    def expect(self, kinds: tuple[Kind, ...], context: str) -> Token:
        token = self.next_word()
        if token.kind not in kinds:
            self.unexpected(token, context)
        return token

    def fail(self, complaint: str) -> NoReturn:
        raise InvalidTemplate(f"template: {self.name}:{self.latest.line}: {complaint}")

    def unexpected(self, token: Token, context: str) -> NoReturn:
        if token.kind is not Kind.ERROR:
            self.fail(f"unexpected {token} in {context}")
        where = ""
        if self.action_line and self.action_line != token.line:
            within = "" if token.value.endswith(" action") else " in action"
            where = f"{within} started at {self.name}:{self.action_line}"
        self.fail(f"{token.value}{where}")

    def deeper(self) -> None:
        self.nesting += 1
        if self.nesting > NESTING_MAX:
            self.fail(f"nested more than {NESTING_MAX} levels deep")

    def unquote(self, token: Token) -> str:
        try:
            return literals.unquote(token.value)
        except ValueError as error:
            self.fail(str(error))
