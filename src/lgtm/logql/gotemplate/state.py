"""What one execution of a template holds: the row it runs on, the output so far, variables, and the work it may still do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NoReturn, Protocol

from lgtm.logql.gotemplate.errors import TemplateError
from lgtm.logql.gotemplate.kinds import LabelMap, valid_text
from lgtm.logql.gotemplate.limits import VALUE_LENGTH_MAX, WORK_MAX
from lgtm.logql.gotemplate.literals import quote
from lgtm.logql.gotemplate.syntax import Tree


class Located(Protocol):
    """A node that errors name: by its place and its text."""

    @property
    def pos(self) -> int: ...


class State:
    """node: the one looked at last, which an error names. root: the labels as `.` and `$` of the template itself."""

    __slots__ = ("depth", "get", "line", "node", "now_ns", "order", "pieces", "root", "size", "template_name", "tree", "ts_ns", "variables", "work")

    def __init__(self, tree: Tree, labels: Mapping[str, str], line: str, ts_ns: int, now_ns: Callable[[], int]) -> None:
        self.tree = tree
        self.root = LabelMap(labels)
        self.get = labels.get
        self.line = line
        self.ts_ns = ts_ns
        self.now_ns = now_ns
        self.pieces: list[str] = []
        self.size = 0
        self.node: Located | None = None
        self.template_name = tree.name
        self.depth = 0
        self.work = WORK_MAX
        self.variables: dict[str, list[Any]] = {"$": [self.root]}
        """By name, the innermost last."""
        self.order: list[str] = []
        """Names as they were declared, but for `$`."""

    def write(self, piece: str) -> None:
        self.size += len(piece)
        if self.size > VALUE_LENGTH_MAX:
            self.fail(f"output of more than {VALUE_LENGTH_MAX} characters")
        self.pieces.append(piece)

    def charge(self, units: int) -> None:
        self.work -= units
        if self.work < 0:
            self.fail(f"more than {WORK_MAX} steps of work")

    def fail(self, reason: str) -> NoReturn:
        assert self.node is not None
        location = self.tree.location(self.node.pos)
        raise TemplateError(valid_text(f"template: {location}: executing {quote(self.template_name)} at <{self.node}>: {reason}"))

    def declare(self, name: str, value: Any) -> None:
        self.variables.setdefault(name, []).append(value)
        self.order.append(name)

    def assign(self, name: str, value: Any) -> None:
        values = self.variables.get(name)
        if not values:
            self.fail(f"undefined variable: {name}")
        values[-1] = value

    def variable(self, name: str) -> Any:
        values = self.variables.get(name)
        if not values:
            self.fail(f"undefined variable: {name}")
        return values[-1]

    def forget(self, count: int) -> None:
        """Undeclares all variables but the first `count`."""
        while len(self.order) > count:
            self.variables[self.order.pop()].pop()
