"""Label filters: `| level="error"`, `| status >= 500 and duration > 1s`, `| addr = ip("10.0.0.0/8")`.

Strings see an absent label as "". The typed ones drop a row without the label, and mark one whose value does not parse with `LabelFilterErr`
instead of dropping it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lgtm.logql.stages.ip_pattern import IpPattern
from lgtm.logql.stages.stage import InvalidStage
from lgtm.logql.values import format_bytes, format_duration, format_float
from lgtm.model.labels import quote
from lgtm.model.matchers import Matcher

FILTER_DEPTH_MAX = 200
"""Nesting of and/or in one filter. Deeper ones are refused rather than risk the interpreter's stack."""


@dataclass(slots=True, frozen=True)
class StringFilter:
    matcher: Matcher

    def __str__(self) -> str:
        return str(self.matcher)


@dataclass(slots=True, frozen=True)
class NumberFilter:
    """op: `== != > >= < <=`, and `=`, which means `==`. text: the value as it was written."""

    name: str
    op: str
    value: float
    text: str = ""

    def __str__(self) -> str:
        return f"{self.name}{_comparison(self.op)}{format_float(self.value)}"


@dataclass(slots=True, frozen=True)
class DurationFilter:
    name: str
    op: str
    value_ns: int
    text: str = ""

    def __str__(self) -> str:
        return f"{self.name}{_comparison(self.op)}{format_duration(self.value_ns)}"


@dataclass(slots=True, frozen=True)
class BytesFilter:
    name: str
    op: str
    value: int
    text: str = ""

    def __str__(self) -> str:
        return f"{self.name}{_comparison(self.op)}{format_bytes(self.value)}"


@dataclass(slots=True, frozen=True)
class IpFilter:
    """The pattern is checked by the stage that holds the filter, whose text the message names."""

    name: str
    op: Literal["=", "!="]
    pattern: str

    def __str__(self) -> str:
        return f"{self.name}{self.op}ip({quote(self.pattern)})"


@dataclass(slots=True, frozen=True)
class AndFilter:
    """spelled: `and`, `,` or ` `; they mean and print the same."""

    left: LabelFilter
    right: LabelFilter
    spelled: str = "and"

    def __str__(self) -> str:
        return f"( {self.left} , {self.right} )"


@dataclass(slots=True, frozen=True)
class OrFilter:
    left: LabelFilter
    right: LabelFilter

    def __str__(self) -> str:
        return f"( {self.left} or {self.right} )"


LabelFilter = StringFilter | NumberFilter | DurationFilter | BytesFilter | IpFilter | AndFilter | OrFilter


@dataclass(slots=True, frozen=True)
class LabelFilterStage:
    filter: LabelFilter

    def __post_init__(self) -> None:
        _check_depth(self.filter)
        for leaf in leaves(self.filter):
            if isinstance(leaf, IpFilter):
                try:
                    IpPattern.parse(leaf.pattern)
                except ValueError as error:
                    raise InvalidStage(str(error), stage=str(self)) from error

    def __str__(self) -> str:
        return f"| {self.filter}"


def leaves(root: LabelFilter) -> list[LabelFilter]:
    """The filters that compare, from left to right, without the and/or that join them."""
    found: list[LabelFilter] = []
    pending = [root]
    while pending:
        current = pending.pop()
        if isinstance(current, AndFilter | OrFilter):
            pending += (current.right, current.left)
        else:
            found.append(current)
    return found


def _check_depth(root: LabelFilter) -> None:
    pending = [(root, 1)]
    while pending:
        current, depth = pending.pop()
        if depth > FILTER_DEPTH_MAX:
            raise InvalidStage(f"label filter is nested deeper than {FILTER_DEPTH_MAX}")
        if isinstance(current, AndFilter | OrFilter):
            pending += ((current.left, depth + 1), (current.right, depth + 1))


def _comparison(op: str) -> str:
    return "==" if op == "=" else op
