"""The part of the parser that reads selectors and pipelines."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from lgtm.logql.check import number
from lgtm.logql.grammar import PRECEDENCE
from lgtm.logql.stages import (
    AndFilter,
    BytesFilter,
    Decolorize,
    Drop,
    DurationFilter,
    Extraction,
    InvalidStage,
    IpFilter,
    JsonParser,
    Keep,
    LabelFilter,
    LabelFilterStage,
    LabelFormat,
    LineFilter,
    LineFormat,
    LineOp,
    LineOperand,
    LogfmtParser,
    NumberFilter,
    OrFilter,
    PatternParser,
    RegexpParser,
    Rename,
    SetTemplate,
    Stage,
    StringFilter,
    UnpackParser,
)
from lgtm.model.matchers import Matcher, MatchOp
from lgtm.parsing.cursor import Cursor, Grown, Infix, climb

T = TypeVar("T")

_MATCH = ("=", "!=", "=~", "!~")
_LINE_OPERATORS = ("|=", "!=", "|~", "!~", "|>", "!>")
_COMPARISONS = ("=", "==", "!=", ">", ">=", "<", "<=")
_ALWAYS = len(PRECEDENCE.levels)
"""Binds whatever surrounds it: a comma, or nothing, between label filters has no precedence, so that yacc always reads on."""


class LogParser:
    """Raises Unexpected, TooDeep, or a BadRequest for a value that cannot be made."""

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor
        self.invalid_stages: list[InvalidStage] = []
        """Stages that could not be built. They are missing in the tree, which is of no use then; they are reported once all is read."""
        self.filter_height = 0
        """Of the highest label filter since the last selector."""

    def selector(self) -> tuple[Matcher, ...]:
        self.filter_height = 0
        self.cursor.expect("{")
        if self.cursor.accept("}"):
            return ()
        matchers = self._comma_separated(self._matcher)
        self.cursor.expect("}")
        return matchers

    def stages(self, *, before_unwrap: bool = False) -> tuple[Stage, ...]:
        """All that follow. before_unwrap: whether `| unwrap` may come next, which is no stage."""
        found: list[Stage] = []
        while self.cursor.kind in _LINE_OPERATORS or self.cursor.kind == "|":
            if before_unwrap and self.cursor.kind == "|" and self.cursor.peek() == "unwrap":
                break
            try:
                found.append(self._line_filter() if self.cursor.kind != "|" else self._piped())
            except InvalidStage as error:
                if error.stage is None:  # Loki builds these while it parses
                    raise
                self.invalid_stages.append(error)
        return tuple(found)

    def label_filter(self) -> LabelFilter:
        found, height = climb(self.cursor, self._label_filter_operand, self._label_filter_infix)
        self.filter_height = max(self.filter_height, height)
        return found

    def string(self) -> str:
        return cast("str", self.cursor.expect("STRING").value)

    def identifier(self) -> str:
        return cast("str", self.cursor.expect("IDENTIFIER").value)

    def signed_number(self) -> float:
        """`NUMBER`, `+ NUMBER` or `- NUMBER`."""
        sign = self.cursor.advance().kind if self.cursor.kind in ("+", "-") else "+"
        value = number(self.cursor.expect("NUMBER").text)
        return -value if sign == "-" else value

    def _line_filter(self) -> LineFilter:
        op = cast("LineOp", self.cursor.advance().kind)
        operands = [self._line_operand()]
        while self.cursor.accept("or"):
            operands.append(self._line_operand())
        return LineFilter(op, tuple(operands))

    def _line_operand(self) -> LineOperand:
        if self.cursor.kind == "ip":
            return LineOperand(self._ip(), is_ip=True)
        return LineOperand(self.string())

    def _ip(self) -> str:
        self.cursor.expect("ip")
        self.cursor.expect("(")
        pattern = self.string()
        self.cursor.expect(")")
        return pattern

    def _piped(self) -> Stage:
        self.cursor.expect("|")
        if self.cursor.kind in ("IDENTIFIER", "("):
            return LabelFilterStage(self.label_filter())
        stages: dict[str, Callable[[], Stage]] = {
            "json": lambda: JsonParser(self._extractions()),
            "logfmt": self._logfmt,
            "regexp": lambda: RegexpParser(self.string()),
            "pattern": lambda: PatternParser(self.string()),
            "unpack": UnpackParser,
            "line_format": lambda: LineFormat(self.string()),
            "label_format": lambda: LabelFormat(self._comma_separated(self._format)),
            "decolorize": Decolorize,
            "drop": lambda: Drop(self._comma_separated(self._named)),
            "keep": lambda: Keep(self._comma_separated(self._named)),
        }
        if self.cursor.kind not in stages:
            raise self.cursor.unexpected()
        return stages[self.cursor.advance().kind]()

    def _logfmt(self) -> Stage:
        flags = set()
        while self.cursor.kind == "PARSER_FLAG":
            flags.add(self.cursor.advance().text)
        return LogfmtParser(self._extractions(), strict="--strict" in flags, keep_empty="--keep-empty" in flags)

    def _extractions(self) -> tuple[Extraction, ...]:
        return self._comma_separated(self._extraction) if self.cursor.kind == "IDENTIFIER" else ()

    def _extraction(self) -> Extraction:
        name = self.identifier()
        return Extraction(name, self.string() if self.cursor.accept("=") else name)

    def _format(self) -> Rename | SetTemplate:
        target = self.identifier()
        self.cursor.expect("=")
        if self.cursor.kind == "IDENTIFIER":
            return Rename(target, self.identifier())
        return SetTemplate(target, self.string())

    def _named(self) -> str | StringFilter:
        if self.cursor.peek() in _MATCH:
            return StringFilter(self._matcher())
        return self.identifier()

    def _matcher(self) -> Matcher:
        name = self.identifier()
        if self.cursor.kind not in _MATCH:
            raise self.cursor.unexpected()
        op = MatchOp(self.cursor.advance().kind)
        return Matcher(name, op, self.string())

    def _comma_separated(self, item: Callable[[], T]) -> tuple[T, ...]:
        found = [item()]
        while self.cursor.accept(","):
            found.append(item())
        return tuple(found)

    def _label_filter_operand(self) -> Grown[LabelFilter]:
        if self.cursor.accept("("):
            with self.cursor.nested():
                inner = climb(self.cursor, self._label_filter_operand, self._label_filter_infix)
            self.cursor.expect(")")
            return inner
        return self._comparison(), 0

    def _comparison(self) -> LabelFilter:
        op, operand = self.cursor.peek(), self.cursor.peek(2)
        if op in ("=~", "!~") or (op in ("=", "!=") and operand == "STRING"):
            return StringFilter(self._matcher())
        name = self.identifier()
        if op not in _COMPARISONS:
            raise self.cursor.unexpected()
        self.cursor.advance()
        if operand == "ip" and op in ("=", "!="):
            return IpFilter(name, "=" if op == "=" else "!=", self._ip())
        op = "==" if op == "=" else op
        match operand:
            case "DURATION":
                return DurationFilter(name, op, cast("int", self.cursor.advance().value))
            case "BYTES":
                return BytesFilter(name, op, cast("int", self.cursor.advance().value))
            case "NUMBER" | "+" | "-":
                return NumberFilter(name, op, self.signed_number())
            case _:
                raise self.cursor.unexpected()

    def _label_filter_infix(self, minimum: int) -> Infix[LabelFilter] | None:
        kind = self.cursor.kind
        if kind in ("IDENTIFIER", "("):
            return Infix(_ALWAYS, 0, AndFilter)
        if kind == ",":
            self.cursor.advance()
            return Infix(_ALWAYS, 0, AndFilter)
        binds = PRECEDENCE.of(kind) if kind in ("and", "or") else None
        if binds is None or binds < minimum:
            return None
        self.cursor.advance()
        return Infix(binds, binds + 1, AndFilter if kind == "and" else OrFilter)
